# Licences against two lists of words, {"deny", "allow"}, each in lower case and a word perhaps with a star at its
# end. What is denied, or not among what is allowed where that names anything, is blocked.
package stella.policy

import rego.v1

words_in(list) := {lower(one) | some one in list} if is_array(list)

words_in(list) := set() if not is_array(list)

# --- what one licence is

# "GPL-2.0-or-later" is also named GPL-2.0 and GPL-2.0+: who may take a later one may take this one.
names_of(licence) := names | {concat("", [trim_suffix(lower(licence), "-or-later"), "+"]) |
	endswith(lower(licence), "-or-later")
} if {
	names := {trim_suffix(lower(licence), end) | some end in {"", "+", "-only", "-or-later"}}
}

is_named(names, list) if {
	some entry in list
	entry in names
}

is_named(names, list) if {
	some entry in list
	endswith(entry, "*")
	some name in names
	startswith(name, trim_suffix(entry, "*"))
}

licence_says(licence, _, lists) := "blocked" if is_named(names_of(licence), lists.deny)

licence_says(licence, unlisted, lists) := "blocked" if {
	not is_named(names_of(licence), lists.deny)
	not is_named(names_of(licence), lists.allow)
	not licence in unlisted
	count(lists.allow) > 0
}

# A name that is on no list may be another word for anything that is denied.
licence_says(licence, unlisted, lists) := "unknown" if {
	not is_named(names_of(licence), lists.deny)
	not is_named(names_of(licence), lists.allow)
	licence in unlisted
}

licence_says(licence, unlisted, lists) := "pass" if {
	not is_named(names_of(licence), lists.deny)
	not licence in unlisted
	count(lists.allow) == 0
}

licence_says(licence, _, lists) := "pass" if {
	not is_named(names_of(licence), lists.deny)
	is_named(names_of(licence), lists.allow)
}

# --- what a package states: one of the choices must be kept, and of it every licence

choice_says(choice, unlisted, lists) := "blocked" if {
	"blocked" in {licence_says(one, unlisted, lists) | some one in choice}
}

choice_says(choice, unlisted, lists) := "unknown" if {
	said := {licence_says(one, unlisted, lists) | some one in choice}
	not "blocked" in said
	"unknown" in said
}

choice_says(choice, unlisted, lists) := "pass" if {
	every one in choice {
		licence_says(one, unlisted, lists) == "pass"
	}
}

default stated_says(_, _) := "unknown"

stated_says(stated, lists) := "pass" if "pass" in choices_say(stated, lists)

stated_says(stated, lists) := "blocked" if choices_say(stated, lists) == {"blocked"}

choices_say(stated, lists) := {choice_says(choice, stated.unlisted, lists) | some choice in stated.anyOf} if {
	count(stated.anyOf) > 0
}

# What is no expression can only be named as it is written.
choices_say(stated, lists) := {"blocked"} if {
	count(stated.anyOf) == 0
	is_named({lower(stated.text)}, lists.deny)
}

choices_say(stated, lists) := {"pass"} if {
	count(stated.anyOf) == 0
	not is_named({lower(stated.text)}, lists.deny)
	lower(stated.text) in lists.allow
}

choices_say(stated, lists) := {"unknown"} if {
	count(stated.anyOf) == 0
	not is_named({lower(stated.text)}, lists.deny)
	not lower(stated.text) in lists.allow
}
