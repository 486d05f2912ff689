"""What the database itself guarantees of money and terms.

- Ledger entries, postings, charges, claim steps, versions of schemes and rates are never changed, deleted or truncated.
- At commit the postings of each entry add up to nothing in each currency.
- Postings move the balances of their accounts; nothing else may.
"""

from django.db import migrations

KEPT = (
    "support_entry",
    "support_posting",
    "support_charge",
    "support_claimstep",
    "support_schemeversion",
    "support_ratetable",
)

FUNCTIONS = """
CREATE FUNCTION support_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only; nothing in it is changed or deleted.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION support_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM support_posting p JOIN support_account a ON a.id = p.account_id
        WHERE p.entry_id = NEW.entry_id GROUP BY a.currency HAVING sum(p.amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'The postings of entry % do not add up to nothing.', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'support_entry_balanced';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION support_move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('headwater.posting', 'on', true);
    UPDATE support_account a SET balance_minor = a.balance_minor + s.minor
    FROM (SELECT account_id, sum(amount_minor) AS minor FROM posted GROUP BY account_id) s
    WHERE a.id = s.account_id;
    PERFORM set_config('headwater.posting', 'off', true);
    RETURN NULL;
END $$;

CREATE FUNCTION support_balance_is_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND NEW.balance_minor <> 0)
       OR (TG_OP = 'UPDATE' AND NEW.balance_minor <> OLD.balance_minor
           AND current_setting('headwater.posting', true) IS DISTINCT FROM 'on') THEN
        RAISE EXCEPTION 'The balance of account % moves by postings alone.', NEW.key
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE CONSTRAINT TRIGGER support_entry_balanced AFTER INSERT ON support_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION support_entry_balances();
CREATE TRIGGER support_posting_moves AFTER INSERT ON support_posting
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION support_move_balances();
CREATE TRIGGER support_account_guard BEFORE INSERT OR UPDATE ON support_account
    FOR EACH ROW EXECUTE FUNCTION support_balance_is_posted();
"""

UNDO = """
DROP TRIGGER support_account_guard ON support_account;
DROP TRIGGER support_posting_moves ON support_posting;
DROP TRIGGER support_entry_balanced ON support_posting;
"""


def guards(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION support_never_changed();
CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION support_never_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FUNCTIONS + "".join(guards(table) for table in KEPT),
            "".join(
                f"DROP TRIGGER {table}_kept ON {table}; DROP TRIGGER {table}_not_emptied ON {table};" for table in KEPT
            )
            + UNDO
            + "DROP FUNCTION support_never_changed; DROP FUNCTION support_entry_balances;"
            "DROP FUNCTION support_move_balances; DROP FUNCTION support_balance_is_posted;",
        )
    ]
