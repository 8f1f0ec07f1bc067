package stella.policy_test

import rego.v1

file(changes) := object.union(
	{"path": "/bin/su", "mode": "4755", "uid": 0, "gid": 0, "capabilities": [], "package": "pkg:deb/su@1"},
	changes,
)

secret := {"rule": "private-key", "where": "file", "path": "/key.pem", "line": 1, "layerIndex": 2, "deleted": true}

told(image, lifetime, parameters) := {
	"components": [{
		"name": "web",
		"reference": "registry.example/web:1",
		"digest": "sha256:a",
		"scans": [{
			"platform": "linux/amd64",
			"digest": "sha256:b",
			"state": "done",
			"document": {"findings": [], "unmatched": {}},
			"image": object.union(
				{"user": {"name": "web", "root": "no", "reason": ""}, "privileged": [], "secrets": []},
				image,
			),
			"lifetime": object.union(
				{"distro": "debian-12", "until": "2028-06-30", "source": "a table"},
				lifetime,
			),
		}],
	}],
	"parameters": parameters,
	"now": "2028-06-30T23:00:00.000000Z",
}

all_blocked := {"rootUser": "blocked", "setuid": "blocked", "secrets": "blocked", "endOfLife": "blocked"}

test_nothing_is_asked_of_the_image_unless_a_parameter_does if {
	given := told({"user": {"root": "yes"}, "secrets": [secret], "privileged": [file({})]}, {"until": ""}, {})
	every rule in {"root-user", "privileged-files", "secrets", "end-of-life"} {
		outcomes(rule) == {"pass"} with input as given
	}
}

test_an_image_with_nothing_to_object_to_passes if {
	every rule in {"root-user", "privileged-files", "secrets", "end-of-life"} {
		outcomes(rule) == {"pass"} with input as told({}, {}, all_blocked)
	}
}

test_a_scan_that_does_not_say_is_unknown if {
	every rule in {"root-user", "privileged-files", "secrets", "end-of-life"} {
		outcomes(rule) == {"unknown"} with input as release([], all_blocked)
	}
}

test_root_is_blocked_and_an_unknown_user_is_unknown if {
	root := {"user": {"name": "", "root": "yes", "reason": ""}}
	outcomes("root-user") == {"blocked"} with input as told(root, {}, all_blocked)
	outcomes("root-user") == {"unknown"} with input as told(root, {}, {"rootUser": "unknown"})
	odd := {"user": {"name": "web", "root": "unknown", "reason": "is not in /etc/passwd"}}
	outcomes("root-user") == {"unknown"} with input as told(odd, {}, all_blocked)
}

test_files_of_the_system_may_pass_while_others_may_not if {
	system := {"privileged": [file({})]}
	outcomes("privileged-files") == {"blocked"} with input as told(system, {}, {"setuid": "blocked"})
	outcomes("privileged-files") == {"pass"} with input as told(system, {}, {"setuid": "foreign"})
	own := {"privileged": [file({}), file({"package": "", "capabilities": ["cap_net_raw"]})]}
	outcomes("privileged-files") == {"blocked"} with input as told(own, {}, {"setuid": "foreign"})
}

test_a_secret_counts_also_where_a_later_layer_hides_it if {
	outcomes("secrets") == {"blocked"} with input as told({"secrets": [secret]}, {}, all_blocked)
	variable := {"rule": "npm-token", "where": "environment", "path": "T", "line": 0, "layerIndex": null}
	outcomes("secrets") == {"unknown"} with input as told({"secrets": [variable]}, {}, {"secrets": "unknown"})
}

test_the_last_day_still_passes if {
	outcomes("end-of-life") == {"pass"} with input as told({}, {}, all_blocked)
	outcomes("end-of-life") == {"blocked"} with input as told({}, {"until": "2028-06-29"}, all_blocked)
	outcomes("end-of-life") == {"pass"} with input as told({}, {"until": "rolling"}, all_blocked)
	outcomes("end-of-life") == {"pass"} with input as told({}, {"until": "none"}, all_blocked)
	outcomes("end-of-life") == {"unknown"} with input as told({}, {"until": ""}, all_blocked)
}

test_a_slip_of_the_pen_lets_nothing_pass if {
	given := told({}, {}, {"secrets": "block"})
	outcomes("secrets") == set() with input as given
	outcomes("parameters") == {"unknown"} with input as given
}
