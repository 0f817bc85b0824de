/** Ctrl+K: type a few letters, press Enter, be there. */
import type { JSX } from "solid-js";
import { createMemo, createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel } from "../../protocol";
import { guildChannels } from "../../state/selectors";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";

const SHOWN = 12;

/** Rank a name against what was typed: start, word start, anywhere, letters in order; null is no match. */
export function matchRank(name: string, typed: string): number | null {
  const text = name.toLowerCase();
  const wanted = typed.trim().toLowerCase();
  if (text.startsWith(wanted)) return 0;
  if (text.split(/[\s_-]+/).some((word) => word.startsWith(wanted))) return 1;
  if (text.includes(wanted)) return 2;
  let at = 0;
  for (const letter of wanted) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return null;
  }
  return 3;
}

export function QuickSwitcher(): JSX.Element {
  const { state, dialogs, router, call } = useClient();
  const [typed, setTyped] = createSignal("");
  const [chosen, setChosen] = createSignal(0);

  const found = createMemo(() => {
    const all = state.guildOrder.flatMap((id) => guildChannels(state, id));
    const ranked = all.flatMap((channel) => {
      const rank = matchRank(channel.name, typed());
      return rank === null ? [] : [{ channel, rank: rank - (channel.unread_count > 0 ? 0.5 : 0) }];
    });
    return ranked
      .sort((left, right) => left.rank - right.rank)
      .slice(0, SHOWN)
      .map((each) => each.channel);
  });

  function go(channel: Channel | undefined): void {
    if (!channel?.guild_id) return;
    dialogs.close();
    if (channel.channel_type === "voice") call.join(channel.id);
    router.go({ name: "channel", guildId: channel.guild_id, channelId: channel.id });
  }

  function move(press: KeyboardEvent): void {
    const count = found().length;
    if (press.key === "ArrowDown") setChosen((at) => (at + 1) % Math.max(1, count));
    else if (press.key === "ArrowUp") setChosen((at) => (at + count - 1) % Math.max(1, count));
    else if (press.key === "Enter") go(found()[chosen()]);
    else return;
    press.preventDefault();
  }

  return (
    <Dialog title="Where to?" size="medium" onClose={dialogs.close} testid="quick-switcher">
      <div class="field">
        <input
          type="text"
          autofocus
          placeholder="Channel name"
          aria-label="Channel name"
          role="combobox"
          aria-expanded="true"
          aria-controls="switcher-list"
          aria-activedescendant={found()[chosen()] ? `switch-${chosen()}` : undefined}
          onInput={(typing) => {
            setTyped(typing.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={move}
        />
      </div>
      <ul id="switcher-list" class="switcher-list" role="listbox" aria-label="Channels">
        <For each={found()} fallback={<li class="muted">No channel of that name.</li>}>
          {(channel, index) => (
            <li
              id={`switch-${index()}`}
              role="option"
              aria-selected={index() === chosen()}
              classList={{ "is-chosen": index() === chosen() }}
              onMouseMove={() => setChosen(index())}
              onClick={() => go(channel)}
            >
              <Icon name={channel.channel_type === "voice" ? "speaker" : "hash"} size={18} />
              <span class="truncate">{channel.name}</span>
              <Show when={channel.unread_count}>{(count) => <span class="badge">{count()}</span>}</Show>
              <span class="muted truncate">{state.guilds[channel.guild_id ?? ""]?.name}</span>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  );
}
