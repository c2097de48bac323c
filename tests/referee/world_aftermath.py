"""What happens after the contacts of a random world: money, events, reviews."""

from __future__ import annotations

from datetime import timedelta

from tests.referee.world_desk import Desk
from tests.referee.world_shop import DAY, HOUR


class Aftermath(Desk):
    """Outcomes, outbound news and reviews at the edges of windows."""

    def make_outcomes(self) -> None:
        pick = self.random
        program_of = {order: program for order, program, _, _ in self.orders}
        asked = [item for item in self.opened if item[3] in program_of]
        asked += 3 * [item for item in asked if self.issue_of.get((item[4], item[2])) in ("refund", "return")]
        kinds = ["refund"] * 6 + ["chargeback"] * 4 + ["store_credit", "discount", "replacement", "reship"]
        kinds += ["exchange", "return"]
        for number in range(130):
            _, _, _, order, opened, _ = pick.choice(asked)
            moment = pick.choice(
                [
                    opened,
                    self.around(opened),
                    self.around(opened + 30 * DAY),
                    self.around(opened + 120 * DAY),
                    opened + pick.uniform(-20, 40) * DAY,
                    opened + pick.uniform(0, 125) * DAY,
                ]
            )
            kind = pick.choice(kinds)
            amount = pick.choice(["5", "7.77", "12.345", "24.99", "100", "0", "0.004"])
            program = program_of[order]
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"X{number:03}",
                    "order_id": order,
                    "kind": kind,
                    "amount": amount if kind in ("refund", "chargeback") else pick.choice([amount, ""]),
                    "currency": pick.choice(["", "", self.currency[program], "EUR"]),
                    "occurred_at": self.stamp(moment, program),
                }
            )

    def make_late_chargebacks(self) -> None:
        """Chargebacks at the edges of the 120 days after contacts whose window is over."""
        old = self.as_of - 121 * DAY
        asked = [
            item
            for item in self.opened
            if item[4] < old and any(order[0] == item[3] and order[1] == item[1] for order in self.orders)
        ]
        for number, (_, program, _, order, opened, _) in enumerate(asked[:25]):
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"Y{number:03}",
                    "order_id": order,
                    "kind": "chargeback",
                    "amount": "1",
                    "occurred_at": self.stamp(self.around(opened + 120 * DAY), program),
                }
            )

    def make_concessions(self) -> None:
        """Concessions at the edges of the 30 days after contacts whose window is over."""
        old = self.as_of - 31 * DAY
        asked = [item for item in self.opened if item[4] < old and item[3] in {row[0] for row in self.orders}]
        program_of = {order: program for order, program, _, _ in self.orders}
        kinds = ["store_credit", "discount", "replacement", "reship", "exchange"]
        for number, (_, _, _, order, opened, _) in enumerate(self.random.sample(asked, min(50, len(asked)))):
            moment = self.around(opened + self.random.choice([timedelta(0), 30 * DAY, 30 * DAY]))
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"V{number:03}",
                    "order_id": order,
                    "kind": kinds[number % 5],
                    "amount": str(2 ** (number % 7)),
                    "occurred_at": self.stamp(moment, program_of[order]),
                }
            )

    def make_events(self) -> None:
        """Events, and outbound contacts at the edges of the two hours after them."""
        pick = self.random
        starts = [self.around(self.as_of - 2 * HOUR), self.as_of - 10 * DAY, self.around(self.as_of)]
        starts += [self.as_of - pick.uniform(1, 60) * DAY for _ in range(4)]
        at = [(start, pick.choice(sorted(self.zone))) for start in starts]
        # an order placed, delivered or cancelled at the very start
        at += [(order[3], order[1]) for order in pick.sample(self.orders, 3)]
        at += [(self.around(end), program) for end, program in pick.sample(self.fates, 5)]
        for number, (start, program) in enumerate(at):
            self.rows["events"].append(
                {
                    "event_id": f"E{number}",
                    "program_id": program,
                    "kind": pick.choice(["sale", "outage", "carrier_delay", "drill", "other"]),
                    "label": f"Event {number}",
                    "started_at": self.stamp(start, program),
                }
            )
            for told in range(6):
                moment = self.around(start + pick.choice([timedelta(0), 2 * HOUR]))
                moment = pick.choice([moment, start + pick.uniform(0, 2) * HOUR])
                self.rows["contacts"].append(
                    {
                        "contact_id": f"N{number}-{told}",
                        "program_id": program,
                        "customer_id": pick.choice(self.customers),
                        "channel": "sms",
                        "direction": "outbound",
                        "issue": "wismo",
                        "opened_at": self.stamp(moment, program),
                        "abandoned": pick.choice(["", "", "", "true"]),
                        "updated_at": self.stamp(moment, program),
                    }
                )

    def make_quality(self) -> None:
        pick = self.random
        criteria = [
            ("1", "greet", "0", "1", "1", "false"),
            ("1", "solve", "1", "5", "2.5", ""),
            ("1", "law", "0", "2", "0", "true"),  # weighs nothing, can still fail the review
            ("2", "greet", "-1", "1", "1", "true"),
            ("2", "note", "0", "3", "0", "false"),
        ]
        for version, criterion, low, high, weight, fails in criteria:
            self.rows["scorecards"].append(
                {
                    "scorecard_id": "S",
                    "version": version,
                    "criterion_id": criterion,
                    "min": low,
                    "max": high,
                    "weight": weight,
                    "auto_fail": fails,
                }
            )
        past = [item for item in self.opened if item[4] <= self.as_of - DAY]
        for number in range(70):
            contact, program, _, _, opened, _ = pick.choice(past)
            version = pick.choice(["1", "2"])
            purpose = pick.choice(["", "routine", "routine", "calibration", "reference"])
            reviewed = opened + pick.uniform(0, 20) * DAY
            if pick.random() < 0.15:
                reviewed = self.around(self.as_of)
            for its_version, criterion, low, high, _, _ in criteria:
                if its_version != version or pick.random() < 0.1:
                    continue
                later = reviewed + pick.choice([timedelta(0), timedelta(0), pick.uniform(0, 30) * HOUR])
                self.rows["qa_ratings"].append(
                    {
                        "review_id": f"R{number}",
                        "contact_id": contact,
                        "grader_id": f"G{number % 4}",
                        "scorecard_id": "S",
                        "version": version,
                        "criterion_id": criterion,
                        "score": pick.choice(["", low, high, str((float(low) + float(high)) / 2)]),
                        "reviewed_at": self.stamp(later, program),
                        "purpose": purpose,
                    }
                )
