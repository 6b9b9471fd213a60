"""Whether another release still works on the database that this one leaves behind: found by doing, on a scratch one."""
