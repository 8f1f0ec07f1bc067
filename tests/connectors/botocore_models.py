"""Checks values against botocore's own models, in the place where it is installed: a line in, a line out."""

import json
import sys
from datetime import datetime

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

models = {}


def faults(case):
    name = case["service"]
    if name not in models:
        models[name] = ServiceModel(Loader().load_service_model(name, "service-2"))
    operation = models[name].operation_model(case["operation"])
    shape = operation.input_shape if case["kind"] == "request" else operation.output_shape
    report = ParamValidator().validate(case["value"], shape)
    said = report.generate_report() if report.has_errors() else ""
    unknown = sorted(case["value"].keys() - shape.members.keys())
    return [line for line in (*said.splitlines(), *(f"unknown: {one}" for one in unknown)) if line]


def signature(case):
    at = datetime.fromisoformat(case["now"])
    auth.get_current_datetime = lambda *_: at
    request = AWSRequest(
        method="POST", url=case["url"], data=case["content"].encode(), headers=case["headers"]
    )
    keys = Credentials(case["access_key"], case["secret_key"], case["session_token"] or None)
    auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    return request.headers["Authorization"]


for line in sys.stdin:
    case = json.loads(line)
    answer = signature(case) if case["kind"] == "signature" else faults(case)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
