"""The provider of idpyoidc behind Flask.

The library brings the endpoints and leaves HTTP, and the pages between them, to
its user. Takes the path of a JSON file: its configuration, and one client.
"""

import json
import sys
from pathlib import Path

from flask import Flask, make_response, redirect, request
from idpyoidc.message.oauth2 import ResponseMessage
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.exception import ClientAuthenticationError, FailedAuthentication

settings = json.loads(Path(sys.argv[1]).read_text())
client = settings["client"]

server = Server(settings["provider"], cwd=".")
# The endpoint for sign-out falls over requests that these let pass by client_id.
for method in ("none", "public"):
    server.context.client_authn_methods.pop(method)
server.context.cdb[client["client_id"]] = client
if "jwks" in client:
    server.keyjar.import_jwks(client["jwks"], client["client_id"])
else:
    server.keyjar.add_symmetric(client["client_id"], client["client_secret"])

app = Flask(__name__)


def told(message, status):
    """An error as JSON (RFC 6749 5.2)."""
    return make_response(message.to_json(), status, {"content-type": "application/json"})


def answer(endpoint, message, **args):
    """What the library answers, as HTTP."""
    if "redirect_location" in args:
        return redirect(args["redirect_location"])
    if isinstance(args.get("http_response"), str):
        return make_response(args["http_response"])
    if "http_response" in args:
        return make_response(args["http_response"], 201)
    info = endpoint.do_response(request=message, **args)
    if info.get("response_placement", endpoint.response_placement) == "body":
        response = make_response(info["response"], info.get("response_code", 200))
    else:
        response = redirect(info["response"])
    for name, value in info["http_headers"]:
        response.headers[name] = value
    add_cookies(response, info.get("cookie", []))
    return response


def add_cookies(response, cookies):
    for cookie in cookies:
        known = ("value", "max_age", "expires", "httponly")
        flags = {name: cookie[name] for name in known if name in cookie}
        response.set_cookie(cookie["name"], path="/", samesite="Lax", **flags)


def serve(endpoint):
    """A view that hands requests to one of the library's endpoints."""

    def view():
        http_info = {
            "headers": dict(request.headers.items(lower=True)),
            "method": request.method,
            "url": request.url,
            "cookie": [{"name": name, "value": value} for name, value in request.cookies.items()],
        }
        try:
            message = endpoint.parse_request(request.values.to_dict(), http_info=http_info)
            if isinstance(message, ResponseMessage) and "error" in message:
                return told(message, 400)
            args = endpoint.process_request(message, http_info=http_info)
        except ClientAuthenticationError as error:
            return told(ResponseMessage(error="invalid_client", error_description=str(error)), 401)
        if isinstance(args, ResponseMessage) and "error" in args:
            return told(args, 400)
        return answer(endpoint, message, **args)

    return view


for name, endpoint in server.endpoint.items():
    app.add_url_rule(
        "/" + endpoint.endpoint_path, name, serve(endpoint), methods=["GET", "POST"]
    )


@app.get("/jwks")
def jwks():
    return server.keyjar.export_jwks()


@app.post("/verify/user")
def verify_user():
    """Takes what was typed into the library's form for name and password."""
    method = server.context.authn_broker.get_method_by_id("user")
    try:
        username = method.verify(**request.form)
    except FailedAuthentication:
        return make_response("Wrong name or password", 403)
    begun = method.unpack_token(request.form["token"])
    message = AuthorizationRequest().from_urlencoded(begun["query"])
    endpoint = server.get_endpoint("authorization")
    session_id = endpoint.create_session(
        message, username, begun["authn_class_ref"], begun["iat"], method
    )
    return answer(endpoint, message, **endpoint.authz_part2(request=message, session_id=session_id))


@app.get("/verify_logout")
def verify_logout():
    """Asks whether the person wants to sign out."""
    return f"""<!doctype html>
        <title>Sign out</title>
        <form method="post" action="/logout">
          <input type="hidden" name="sjwt" value="{request.args["sjwt"]}">
          <button>Sign out here</button>
        </form>"""


@app.post("/logout")
def logout():
    """Ends the session, and tells the client by the back channel."""
    endpoint = server.get_endpoint("session")
    begun = endpoint.unpack_signed_jwt(request.form["sjwt"])
    endpoint.do_verified_logout(sid=begun["sid"])
    response = redirect(begun["redirect_uri"])
    add_cookies(response, endpoint.kill_cookies())
    return response


@app.get("/signed-out")
def signed_out():
    return "Signed out"


app.run(port=settings["port"])
