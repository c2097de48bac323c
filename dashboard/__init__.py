"""Pages and views over `pipelines.reader`; holds no SQL and no arithmetic but formatting."""
