"""The migration chain of an application: read, diagnosed, proved by replay, stamped and deployed."""
