"""Signs requests with botocore, in the place where it is installed: JSON on its input and output."""

import json
import sys
from datetime import datetime

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

answers = []
for case in json.load(sys.stdin):
    at = datetime.fromisoformat(case["now"]).replace(tzinfo=None)
    auth.get_current_datetime = lambda at=at: at
    request = AWSRequest(
        method=case["method"],
        url=case["url"],
        data=bytes.fromhex(case["content"]),
        headers=case["headers"],
    )
    keys = Credentials(case["access_key"], case["secret_key"], case["session_token"] or None)
    auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    answers.append(dict(request.headers.items()))
json.dump(answers, sys.stdout)
