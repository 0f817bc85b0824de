"""Accounts: register, log in, stay logged in, the own profile, what a sign-in page needs to know."""

from voicechat.features.accounts.service import (
    change_password,
    edit_me,
    get_me,
    login,
    public_settings,
    ready_user,
    register,
    setup_token,
)
from voicechat.features.accounts.sessions import list_sessions, logout, refresh, revoke, revoke_others
from voicechat.protocol.accounts import (
    ChangePassword,
    EditMe,
    Login,
    LoginSessions,
    Me,
    Refresh,
    Register,
    Revoked,
    Tokens,
)
from voicechat.protocol.service import PublicSettings
from voicechat.web import Route

ROUTES = (
    Route(
        "POST",
        "/auth/register",
        register,
        body=Register,
        answer=Tokens,
        status=201,
        auth="none",
        limit="auth_register",
        same_origin=True,
        tag="accounts",
    ),
    Route(
        "POST",
        "/auth/login",
        login,
        body=Login,
        answer=Tokens,
        auth="none",
        limit="auth_login",
        limit_key=lambda body: body.username.lower(),
        same_origin=True,
        tag="accounts",
    ),
    Route(
        "POST",
        "/auth/refresh",
        refresh,
        body=Refresh,
        answer=Tokens,
        auth="none",
        limit="auth_other",
        same_origin=True,
        tag="accounts",
    ),
    Route(
        "POST",
        "/auth/logout",
        logout,
        body=Refresh,
        status=204,
        auth="optional",
        limit="auth_other",
        same_origin=True,
        tag="accounts",
    ),
    Route("GET", "/auth/sessions", list_sessions, answer=LoginSessions, limit="read", tag="accounts"),
    Route("DELETE", "/auth/sessions", revoke_others, answer=Revoked, limit="write", tag="accounts"),
    Route("DELETE", "/auth/sessions/{session_id}", revoke, status=204, limit="write", tag="accounts"),
    Route("GET", "/auth/me", get_me, answer=Me, limit="read", tag="accounts"),
    Route("PATCH", "/auth/me", edit_me, body=EditMe, answer=Me, limit="write", tag="accounts"),
    Route(
        "POST",
        "/auth/me/password",
        change_password,
        body=ChangePassword,
        answer=Revoked,
        limit="auth_login",
        limit_key=lambda body: "password",
        tag="accounts",
    ),
    Route(
        "GET",
        "/api/settings",
        public_settings,
        answer=PublicSettings,
        auth="none",
        limit="public",
        tag="service",
    ),
)
READY = (ready_user,)

__all__ = ["READY", "ROUTES", "setup_token"]
