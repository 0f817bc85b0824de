/** The main screen: rail, sidebar, centre, members. Loaded after sign-in. */
import type { JSX } from "solid-js";
import { createEffect, Match, onCleanup, Show, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { guildChannels, guildUnread } from "../../state/selectors";
import { Skeleton } from "../../ui/Empty";
import { Sidebar } from "../channels/Sidebar";
import { Rail } from "../guilds/Rail";
import { ChatView } from "../messages/ChatView";
import { StageOutside } from "../stage/StageOutside";
import { UserPanel } from "../voice/UserPanel";
import { VoicePanel } from "../voice/VoicePanel";
import { VoiceRoom } from "../voice/VoiceRoom";
import { ConnectionBanner } from "./ConnectionBanner";
import { DialogHost } from "./DialogHost";
import { installShortcuts } from "./shortcuts";
import "./shell.css";
import { Welcome } from "./Welcome";

export default function Shell(): JSX.Element {
  const client = useClient();
  const { state, router, stage } = client;

  const guildId = (): Id | null => {
    const route = router.route();
    return route.name === "channel" && state.guilds[route.guildId] ? route.guildId : null;
  };
  const channelId = (): Id | null => {
    const route = router.route();
    return route.name === "channel" && route.channelId && state.channels[route.channelId] ? route.channelId : null;
  };
  const channelType = (): string | null => state.channels[channelId() ?? ""]?.channel_type ?? null;

  createEffect(() => {
    if (state.connection.wasReady) findPlace();
  });

  /** An address that leads nowhere (or nowhere yet) is replaced by the best place there is. */
  function findPlace(): void {
    const awaited = client.expected();
    if (awaited && !guildId()) return;
    if (awaited?.channelId && !channelId()) return;
    const { lastGuild, lastChannels } = client.preferences;
    const guild = guildId() ?? (lastGuild && state.guilds[lastGuild] ? lastGuild : state.guildOrder[0]);
    if (!guild) {
      if (router.route().name !== "home") router.go({ name: "home" }, { replace: true });
      return;
    }
    const channel = channelId();
    if (guildId() && channel) {
      remember(guild, channel);
      return;
    }
    const channels = guildChannels(state, guild);
    const last = channels.find((channel) => channel.id === lastChannels[guild]);
    const best = last ?? channels.find((channel) => channel.channel_type === "text") ?? null;
    const route = router.route();
    if (route.name === "channel" && route.guildId === guild && route.channelId === (best?.id ?? null)) return;
    router.go({ name: "channel", guildId: guild, channelId: best?.id ?? null }, { replace: true });
  }

  function remember(guild: Id, channel: Id): void {
    const { lastGuild, lastChannels } = client.preferences;
    if (lastGuild === guild && lastChannels[guild] === channel) return;
    client.setPreferences({ lastGuild: guild, lastChannels: { ...lastChannels, [guild]: channel } });
  }

  createEffect(() => {
    const unread = state.guildOrder.reduce((sum, id) => sum + guildUnread(state, id), 0);
    const name = state.channels[channelId() ?? ""]?.name;
    document.title = `${unread ? `(${unread}) ` : ""}${name ? `#${name} · ` : ""}${state.connection.serverName}`;
  });

  onCleanup(installShortcuts(client));

  return (
    <div class="shell" data-testid="shell">
      <ConnectionBanner />
      <Rail guildId={guildId()} />
      <div class="side" inert={stage.mode() === "theater"}>
        <Show when={guildId()} keyed fallback={<NoGuild />}>
          {(id) => <Sidebar guildId={id} channelId={channelId()} />}
        </Show>
        <div class="panels">
          <VoicePanel />
          <UserPanel />
        </div>
      </div>
      <Switch fallback={<CentreFallback />}>
        <Match when={channelType() === "text" && channelId()} keyed>
          {(id) => <ChatView channelId={id} />}
        </Match>
        <Match when={channelType() === "voice" && channelId()} keyed>
          {(id) => <VoiceRoom channelId={id} />}
        </Match>
      </Switch>
      <StageOutside />
      <DialogHost />
    </div>
  );
}

function NoGuild(): JSX.Element {
  const { state } = useClient();
  return (
    <nav class="sidebar" aria-label="Channels">
      <Show when={!state.connection.wasReady}>
        <Skeleton rows={6} kind="row" />
      </Show>
    </nav>
  );
}

function CentreFallback(): JSX.Element {
  const { state } = useClient();
  return (
    <main class="centre">
      <Show when={state.connection.wasReady} fallback={<Skeleton rows={7} kind="message" />}>
        <Welcome />
      </Show>
    </main>
  );
}
