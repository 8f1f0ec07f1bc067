"""Triggers from a terminal."""

from fixtures.shops import Shop

DOCUMENTS = """\
apiVersion: stella/v1
kind: Trigger
name: nightly
spec:
  workflow: ship
  on:
    schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}
  with: {word: "${{ event.at }}"}
---
apiVersion: stella/v1
kind: Trigger
name: pushed
spec:
  workflow: ship
  on: {event: ImagePushed}
  if: event.tag != 'latest'
  with: {word: "${{ event.tag }}"}
---
apiVersion: stella/v1
kind: Workflow
name: ship
spec:
  inputs: {word: {type: string}}
  steps:
    rest: {uses: wait, with: {seconds: 3600}}
"""


def test_triggers_are_listed_shown_tried_and_lent_rights(shop: Shop) -> None:
    shop.apply(DOCUMENTS)
    dan = shop.person("dan")
    rows = {one["name"]: one for one in dan.data("trigger", "list")}
    assert rows["nightly"]["nextAt"] is not None
    assert rows["pushed"]["event"] == "ImagePushed"
    shown = dan("trigger", "list").stdout
    assert "30 2 * * * (Europe/Berlin)" in shown
    assert "kind: Trigger" in dan("trigger", "get", "pushed").stdout
    assert "ImagePushed" in dan("trigger", "get", "pushed", "-o", "table").stdout
    events = {one["name"] for one in dan.data("trigger", "events")}
    assert "ImagePushed" in events
    tried = dan.data("trigger", "try", "pushed", "--field", "tag=1.0")
    assert tried == [{"holds": True, "inputs": {"word": "1.0"}}]
    assert dan.data("trigger", "try", "pushed", "--field", "tag=latest")[0]["holds"] is False
    shown = shop.person("olga")("trigger", "lend", "pushed")
    assert "ship" in shown.stdout
    digest = shown.stderr.split("--digest ")[1].split()[0]
    assert shop.person("olga")("trigger", "lend", "pushed", "--digest", digest).exit_code == 0
    assert dan.data("trigger", "list", "--workflow", "ship")[1]["by"]["name"] == "olga"
    assert dan.data("trigger", "history", "pushed") == []
    shop.person("olga")("trigger", "delete", "pushed")
    assert dan("trigger", "get", "nowhere").exit_code == 3
