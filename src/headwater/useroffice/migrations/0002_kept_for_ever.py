"""Submissions, verdicts, form versions and published schedules are never changed or deleted: the database refuses."""

from django.db import migrations

KEPT = ("useroffice_submission", "useroffice_verdict", "useroffice_formversion", "useroffice_scheduleversion")

FUNCTION = """
CREATE FUNCTION useroffice_kept_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps every version: % is refused', TG_TABLE_NAME, TG_OP;
END $$;
"""
TRIGGERS = "".join(
    f"CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    "EXECUTE FUNCTION useroffice_kept_for_ever();\n"
    for table in KEPT
)
GONE = "".join(f"DROP TRIGGER kept_for_ever ON {table};\n" for table in KEPT)


class Migration(migrations.Migration):
    dependencies = [("useroffice", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION + TRIGGERS, GONE + "DROP FUNCTION useroffice_kept_for_ever();")]
