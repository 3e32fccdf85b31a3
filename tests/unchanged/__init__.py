"""What others rely on from outside, recorded: a change that is not meant to change it is held to the record."""
