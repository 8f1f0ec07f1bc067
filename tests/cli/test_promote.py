"""``stella promote`` and what belongs to it: every end has its exit code, and says why."""

import io
import json

import pytest

from fixtures.shops import DOCUMENTS, Shop, target
from stella.cli.following import DEPLOYMENT_EXIT_CODES, PROMOTION_EXIT_CODES
from stella.deployment.lifecycle import DEPLOYMENT, DeploymentState
from stella.plugin.order import OrderOutcome
from stella.promotion.lifecycle import ACTIVE, State

PROMOTE = ("promote", "shop@1", "--env")


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop with its environments, and version 1, which nothing is held against."""
    shop.apply()
    shop.release("1")
    return shop


def test_every_end_has_an_exit_code():
    assert set(PROMOTION_EXIT_CODES) == set(State) - ACTIVE
    ends = {one for one in DeploymentState if DEPLOYMENT.is_final(one)}
    assert set(DEPLOYMENT_EXIT_CODES) == ends


def test_a_promotion_that_is_deployed_ends_with_0(stocked: Shop):
    dan = stocked.person("dan")
    done = dan(*PROMOTE, "dev", "-m", "new", "--wait")
    assert done.exit_code == 0, done.stdout + done.stderr
    first, asked, plan, deployment, *targets = done.stdout.splitlines()
    assert first.endswith("shop 1 -> dev  DEPLOYED")
    assert "asked for by dan" in asked
    assert asked.endswith(": new")
    assert plan.startswith("plan sha256:")
    assert deployment.endswith("SUCCEEDED")
    assert [line.split() for line in targets] == [["dev-a", "succeeded"], ["dev-b", "succeeded"]]
    assert "dev-a succeeded" in done.stderr


def test_without_waiting_the_promotion_is_shown_and_goes_on(stocked: Shop):
    stocked.resting.set()
    dan = stocked.person("dan")
    asked = dan.data(*PROMOTE, "dev")
    assert asked["state"] == "evaluating"
    again = dan(*PROMOTE, "dev")
    assert again.exit_code == 1
    assert "dev is promised these images already" in again.stderr
    late = dan("promotion", "get", asked["id"])
    assert late.exit_code == 0


def test_a_blocked_promotion_ends_with_6_and_says_the_whole_why(stocked: Shop):
    stocked.release("0", old=True)
    stocked.deployed("0", "dev")
    dan = stocked.person("dan")
    done = dan("promote", "shop@0", "--env", "stage", "--wait")
    assert done.exit_code == 6
    assert "shop 0 -> stage  BLOCKED" in done.stdout
    for word in (
        "BLOCKED  policy",
        "severity: ",
        "found: pkg:pypi/urllib3@1.26.4 -> ",
        "dist-info/METADATA -> layer 1 sha256:",
        "advisory: ",
        "fixed in ",
        "mend it: update urllib3 to 1.26.5 or later and build web again (whoever builds web)",
        "it would go if you",
    ):
        assert word in done.stdout, done.stdout
    promotion = dan.data("promotion", "list", "--env", "stage")[0]["id"]
    explained = dan("why", promotion)
    assert explained.exit_code == 0
    assert explained.stdout.startswith(done.stdout)
    assert "nothing runs there" in explained.stdout


def test_a_dry_run_says_what_the_gates_would_say(stocked: Shop):
    stocked.release("0", old=True)
    dan = stocked.person("dan")
    good = dan(*PROMOTE, "dev", "--dry-run")
    assert good.exit_code == 0, good.stderr
    assert "nothing runs there" in good.stdout
    assert "dev-a  docker on host-a" in good.stdout
    stocked.deployed("0", "dev")
    blocked = dan("promote", "shop@0", "--env", "stage", "--dry-run", "-o", "json")
    assert blocked.exit_code == 6
    assert json.loads(blocked.stdout)["decision"]["outcome"] == "blocked"
    assert [one["environment"] for one in dan.data("promotion", "list")] == ["dev"]


def test_a_dry_run_of_several_says_what_each_would_say(stocked: Shop):
    dan = stocked.person("dan")
    both = ("--env", "dev", "--env", "stage")
    tried = dan("promote", "shop@1", *both, "--dry-run", "-o", "json")
    found = {one["environment"]: one["decision"]["outcome"] for one in json.loads(tried.stdout)}
    assert (tried.exit_code, found["stage"]) == (0, "waiting")
    assert "on its way to dev (this request)" in dan("promote", "shop@1", *both, "--dry-run").stdout
    assert dan.data("promotion", "list") == []
    assert dan("promote", "shop@1", *both, "--wait").exit_code == 2


def test_it_waits_for_approvals_and_says_for_whose(stocked: Shop, monkeypatch: pytest.MonkeyPatch):
    stocked.deployed("1", "dev", "stage")
    ann, said = stocked.client("ann"), io.StringIO()

    def approve(promotion: str) -> None:
        while "stella approve prm_" not in said.getvalue():
            assert not stocked.services.stopping.wait(0.02)
        plan = ann.get(f"/promotions/{promotion}")["planDigest"]
        ann.post(f"/promotions/{promotion}/approve", {"planDigest": plan, "comment": "fine"})

    approving = stocked.meanwhile("waiting", approve)
    monkeypatch.setattr("sys.stderr", said)
    done = stocked.person("dan")(*PROMOTE, "prod", "--wait")
    approving.join()
    assert done.exit_code == 0, said.getvalue()
    assert "waits for security: 0 of 1 approvals; 1 more from approver" in said.getvalue()


def test_a_rejected_promotion_ends_with_6_and_says_who_said_no(stocked: Shop):
    stocked.deployed("1", "dev", "stage")
    ann = stocked.client("ann")
    rejecting = stocked.meanwhile(
        "waiting", lambda one: ann.post(f"/promotions/{one}/reject", {"comment": "not today"})
    )
    done = stocked.person("dan")(*PROMOTE, "prod", "--wait")
    rejecting.join()
    assert done.exit_code == 6
    assert "rejected by ann at " in done.stdout
    assert ": not today" in done.stdout


def test_a_cancelled_promotion_ends_with_1(stocked: Shop):
    stocked.deployed("1", "dev", "stage")
    dan = stocked.client("dan")
    cancelling = stocked.meanwhile(
        "waiting", lambda one: dan.post(f"/promotions/{one}/cancel", {"comment": "too early"})
    )
    done = stocked.person("dan")(*PROMOTE, "prod", "--wait")
    cancelling.join()
    assert done.exit_code == 1
    assert "cancelled by dan at " in done.stdout


@pytest.mark.parametrize("outcome", [OrderOutcome.FAILED, OrderOutcome.ERRORED])
def test_a_deployment_that_fails_or_breaks_ends_with_7(stocked: Shop, outcome: OrderOutcome):
    stocked.outcomes["host-b"] = outcome
    dan = stocked.person("dan")
    done = dan(*PROMOTE, "dev", "--wait")
    assert done.exit_code == 7
    assert "digest mismatch (ST-TGT-001)" in done.stdout
    deployment = dan.data("promotion", "list")[0]["deployment"]
    assert "digest mismatch" in dan("why", deployment).stdout


def test_what_takes_too_long_ends_with_8_and_goes_on(stocked: Shop):
    stocked.resting.set()
    dan = stocked.person("dan")
    done = dan(*PROMOTE, "dev", "--wait", "--timeout", "0.5", "-o", "name")
    assert done.exit_code == 8
    assert done.stdout.startswith("prm_")
    assert "ST-CLI-102" in done.stderr
    stocked.resting.clear()


def test_what_is_not_there_ends_with_3_and_what_is_not_allowed_with_5(stocked: Shop):
    assert stocked.person("dan")("promote", "shop@9", "--env", "dev").exit_code == 3
    assert stocked.person("dan")(*PROMOTE, "nowhere", "--wait").exit_code == 3
    assert stocked.person("dan")("why", "prm_none").exit_code == 3
    assert stocked.person("ann")(*PROMOTE, "dev").exit_code == 5
    assert stocked.person("dan")(*PROMOTE, "dev", "-o", "xml").exit_code == 1
    assert stocked.person("dan").data("promotion", "list") == []


def test_an_approval_shows_what_it_is_given_to(stocked: Shop):
    stocked.deployed("1", "dev", "stage")
    dan, ann = stocked.person("dan"), stocked.person("ann")
    promotion = dan(*PROMOTE, "prod", "-o", "name").stdout.strip()
    stocked.meanwhile("waiting", lambda _: None).join()
    assert ann("promotion", "list", "--mine", "-o", "name").stdout.strip() == promotion
    assert dan.data("promotion", "list", "--mine") == []
    own = dan("approve", promotion, "-m", "mine")
    assert own.exit_code == 5
    stale = ann("approve", promotion, "-m", "seen", "--plan", "sha256:" + "0" * 64)
    assert stale.exit_code == 1
    assert "ST-PRO-004" in stale.stderr
    given = ann("approve", promotion, "-m", "seen")
    assert given.exit_code == 0
    assert "plan sha256:" in given.stderr
    assert "prod-a  docker on host-a" in given.stderr
    twice = ann("approve", promotion, "-m", "again")
    assert twice.exit_code == 1


def test_an_environment_goes_back_to_what_ran_before(stocked: Shop):
    stocked.release("2", old=True)
    stocked.deployed("1", "dev")
    nothing = stocked.person("olga")("rollback", "--env", "dev", "-m", "slow")
    assert nothing.exit_code == 1
    stocked.deployed("2", "dev")
    back = stocked.person("olga")("rollback", "--env", "dev", "-m", "slow", "--wait")
    assert back.exit_code == 0, back.stdout + back.stderr
    assert "shop 1 -> dev  DEPLOYED" in back.stdout
    assert "rollback asked for by olga" in back.stdout


def test_the_matrix_is_a_grid_and_drift_is_a_list(shop: Shop):
    dan = shop.person("dan")
    assert "stella apply" in dan("matrix").stdout
    assert dan.data("drift", "list") == []
    shop.apply(DOCUMENTS + target("dev", "host-a", "web") + target("dev", "host-b", "worker"))
    shop.release("1")
    shop.deployed("1", "dev")
    title, web, worker = dan("matrix").stdout.splitlines()[:3]
    assert title.split() == ["COMPONENT", "DEV", "STAGE", "PROD"]
    # The hosts of this test send no heartbeat, so nobody knows how it is there.
    assert web.split() == ["web", "1", "unknown,", "drift", "unknown", "-", "-"]
    assert worker.startswith("worker")
    assert dan("matrix", "-o", "name").stdout == "dev/web\ndev/worker\n"
    assert len(dan.data("matrix")["cells"]) == 2
    assert [one["drift"] for one in dan.data("drift", "list")] == ["unknown", "unknown"]
    assert dan("matrix", "--at", "2020-01-01T00:00:00Z").stdout.split() == [
        "COMPONENT",
        "DEV",
        "STAGE",
        "PROD",
    ]
