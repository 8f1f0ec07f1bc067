"""Words of people that let pass what would not: waivers, overrides of freezes, broken glass."""
