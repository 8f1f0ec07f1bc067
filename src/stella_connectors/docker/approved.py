"""What is carried out is what was approved: the plan says it, and not what is made of the intent anew."""

from stella.sdk import BadTargetConfig, Remedy, TargetPlan


def refuse_other(approved: TargetPlan, made: TargetPlan) -> None:
    """Raises BadTargetConfig where ``made``, of the order's intent, is not the ``approved`` plan."""
    kept, now = dict(approved.files), dict(made.files)
    differs = sorted(name for name in {*kept, *now} if kept.get(name) != now.get(name))
    if not differs and tuple(approved.actions) != tuple(made.actions):
        differs = ["its actions"]
    if not differs:
        return
    raise BadTargetConfig(
        f"the plan for {approved.target} is not what was approved: {', '.join(differs)}",
        remedy=Remedy("Plan the deployment anew, with agents of the server's version."),
        reasons=differs,
    )
