"""What authors wrote: units, exercises, checks, cases."""
