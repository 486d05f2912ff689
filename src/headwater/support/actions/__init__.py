"""The writers of terms and money; all post through `ledger`."""
