"""People who enrolled with consent, people who are searched for, and households: whom to recognise, where, and why."""
