// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { describe, expect, it, vi } from "vitest";
import type { Client } from "../../client/createClient";
import { Problem } from "../../net/problem";
import type { PublicSettings } from "../../protocol";
import { show } from "../../test/client";
import { AuthForm } from "./AuthForm";
import { AuthPage } from "./AuthPage";

const SETTINGS: PublicSettings = {
  server_name: "Test",
  registration_policy: "open",
  setup_required: false,
  setup_token_required: false,
  oidc_enabled: false,
  auth_methods: {},
};

const fill = (id: string, value: string): void => void fireEvent.input(screen.getByTestId(id), { target: { value } });
const submit = (): void => void fireEvent.submit(screen.getByTestId("auth-form"));

describe("sign in and up", () => {
  it("tells the first account that it becomes administrator, and asks for the token", () => {
    const client = show(() => (
      <AuthForm settings={{ ...SETTINGS, setup_required: true, setup_token_required: true }} startWith="register" />
    ));
    expect(screen.getByTestId("first-account").textContent).toContain("administrator");
    fill("auth-username", "Ann_1");
    fill("auth-password", "correct horse");
    fill("auth-setup-token", " token ");
    submit();
    expect(client.register).toHaveBeenCalledWith({
      username: "ann_1",
      password: "correct horse",
      setup_token: "token",
    });
  });

  it("says what is wrong before asking the server", () => {
    const client = show(() => <AuthForm settings={SETTINGS} startWith="register" />);
    fill("auth-username", "a");
    fill("auth-password", "short");
    submit();
    expect(client.register).not.toHaveBeenCalled();
    expect(screen.getAllByRole("alert").map((each) => each.textContent)).toEqual([
      "A username has 3–32 characters: a–z, 0–9 and _.",
      "A password has at least 8 characters.",
    ]);
  });

  it("shows the server's refusal beside the button", async () => {
    const login = vi.fn(() => Promise.reject(new Problem(401, "INVALID_CREDENTIALS", "wrong username or password")));
    show(() => <AuthForm settings={SETTINGS} startWith="login" />, [], { login });
    fill("auth-username", "ann");
    fill("auth-password", "wrong");
    submit();
    expect((await screen.findByTestId("form-error")).textContent).toBe("Wrong username or password");
  });

  it("is called what its form does", async () => {
    const api = { server: { settings: () => Promise.resolve(SETTINGS) } } as unknown as Client["api"];
    show(() => <AuthPage />, [], { api });
    fireEvent.click(await screen.findByTestId("auth-switch"));
    expect(screen.getByTestId("auth-title").textContent).toBe("Create your account");
    expect(screen.getByText("Join Test")).toBeTruthy();
    fireEvent.click(screen.getByTestId("auth-switch"));
    expect(screen.getByTestId("auth-title").textContent).toBe("Welcome back");
    expect(screen.getByText("Sign in to Test")).toBeTruthy();
  });

  it("closes the door kindly where new accounts need an invitation", () => {
    const settings = { ...SETTINGS, registration_policy: "invite_only" };
    show(() => <AuthForm settings={settings} startWith="register" />);
    expect(screen.getByTestId<HTMLButtonElement>("auth-submit").disabled).toBe(true);
  });

  it("sends the invitation's code along", () => {
    const settings = { ...SETTINGS, registration_policy: "invite_only" };
    const client = show(() => <AuthForm settings={settings} startWith="register" inviteCode="abc" />);
    fill("auth-username", "ann");
    fill("auth-password", "correct horse");
    submit();
    expect(client.register).toHaveBeenCalledWith({ username: "ann", password: "correct horse", invite_code: "abc" });
  });
});
