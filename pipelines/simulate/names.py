"""Invented names for agents; any likeness to a living person is chance."""

from __future__ import annotations

import numpy as np

FIRST = {
    "english": (
        "Ada Brooke Caleb Dana Elliot Faye Grant Hazel Ivy Jonas Kendra Leo Maya Nolan Opal Priya Quinn "
        "Rosa Silas Tessa Umar Vera Wes Yara Zane Amara Dev Imani Kofi Noor"
    ),
    "spanish": (
        "Alba Bruno Camila Diego Elena Felipe Gloria Hugo Irene Joaquín Lucía Mateo Natalia Óscar Paloma "
        "Ramiro Sofía Tomás Valeria Ximena Andrés Catalina Esteban Juliana"
    ),
    "filipino": (
        "Amihan Benjie Corazon Dalisay Efren Fe Gino Hiraya Isagani Jasmin Kidlat Ligaya Marisol Nestor "
        "Paolo Rowena Sinag Tala Vicente Althea Crisanto Luningning"
    ),
}
LAST = {
    "english": (
        "Abbott Barlow Castell Denholm Eastman Farrow Goodwin Hale Ingram Joyner Kessler Lindqvist "
        "Mercer Nakamura Okafor Prescott Quigley Rahman Sandoval Thorne Upton Varga Whitlock Yates Bhatt "
        "Cho Diallo"
    ),
    "spanish": (
        "Acosta Beltrán Cárdenas Duarte Escobar Franco Galindo Herrera Ibáñez Jaramillo Londoño Mejía "
        "Navarro Ospina Pardo Quintero Restrepo Salazar Téllez Urrego Vargas Zuluaga"
    ),
    "filipino": (
        "Abad Bautista Catacutan Dimaculangan Estrella Fajardo Guinto Hidalgo Ilagan Lacson Macaraeg "
        "Natividad Ocampo Panganiban Quiambao Salonga Tolentino Umali Villanueva Yumul"
    ),
}


def invented_names(languages: list[tuple[str, ...]], random: np.random.Generator) -> list[str]:
    """One name for each list of languages to draw from; repeats get a middle initial."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for choices in languages:
        language = choices[int(random.integers(len(choices)))]
        first, last = FIRST[language].split(), LAST[language].split()
        given, family = first[int(random.integers(len(first)))], last[int(random.integers(len(last)))]
        name = f"{given} {family}"
        count = seen[name] = seen.get(name, 0) + 1
        names.append(name if count == 1 else f"{given} {'ABCDEFGHJKLMNPRSTVW'[count % 19]}. {family}")
    return names
