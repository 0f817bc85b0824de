/** Every permission bit in words, grouped as people look for them. */
import type { PermissionName } from "../../protocol";

export interface PermissionWords {
  name: PermissionName;
  label: string;
  note: string;
  /** Whether it can differ between channels. */
  inChannels: "text" | "voice" | "both" | null;
}

export interface PermissionGroup {
  title: string;
  permissions: PermissionWords[];
}

export const PERMISSION_GROUPS: PermissionGroup[] = [
  {
    title: "General",
    permissions: [
      { name: "VIEW_CHANNEL", label: "See channels", note: "Without it nothing else counts.", inChannels: "both" },
      { name: "CREATE_INVITE", label: "Create invitations", note: "Bring new people in.", inChannels: "both" },
      {
        name: "MANAGE_CHANNELS",
        label: "Manage channels",
        note: "Create, change and delete channels.",
        inChannels: "both",
      },
      {
        name: "MANAGE_ROLES",
        label: "Manage roles",
        note: "Change roles below their own, and permissions of channels.",
        inChannels: "both",
      },
      { name: "MANAGE_GUILD", label: "Manage server", note: "Change its name and description.", inChannels: null },
      {
        name: "MANAGE_INVITES",
        label: "Manage invitations",
        note: "See and end the invitations of others.",
        inChannels: null,
      },
      { name: "VIEW_AUDIT_LOG", label: "View audit log", note: "See who changed what.", inChannels: null },
      {
        name: "TRANSFER_OWNERSHIP",
        label: "Transfer ownership",
        note: "Hand the server to somebody else.",
        inChannels: null,
      },
    ],
  },
  {
    title: "People",
    permissions: [
      { name: "TIMEOUT_MEMBERS", label: "Time out members", note: "Silence somebody for a while.", inChannels: null },
      { name: "KICK_MEMBERS", label: "Kick members", note: "They can come back with an invitation.", inChannels: null },
      { name: "BAN_MEMBERS", label: "Ban members", note: "They cannot come back.", inChannels: null },
    ],
  },
  {
    title: "Text",
    permissions: [
      { name: "SEND_MESSAGES", label: "Send messages", note: "Write in text channels.", inChannels: "text" },
      { name: "READ_HISTORY", label: "Read history", note: "See what was written before.", inChannels: "text" },
      { name: "EMBED_LINKS", label: "Embed links", note: "Links show a preview.", inChannels: "text" },
      { name: "ATTACH_FILES", label: "Attach files", note: "Send pictures and files.", inChannels: "text" },
      { name: "ADD_REACTIONS", label: "Add reactions", note: "React to messages.", inChannels: "text" },
      { name: "USE_EMOJI", label: "Use the server’s emoji", note: "", inChannels: "text" },
      { name: "MENTION_EVERYONE", label: "Mention everyone", note: "Use @everyone and @here.", inChannels: "text" },
      { name: "PIN_MESSAGES", label: "Pin messages", note: "", inChannels: "text" },
      { name: "MANAGE_MESSAGES", label: "Manage messages", note: "Delete the messages of others.", inChannels: "text" },
      { name: "MANAGE_THREADS", label: "Manage threads", note: "", inChannels: "text" },
      { name: "MANAGE_WEBHOOKS", label: "Manage webhooks", note: "", inChannels: "text" },
    ],
  },
  {
    title: "Voice",
    permissions: [
      { name: "VOICE_CONNECT", label: "Connect", note: "Join voice channels.", inChannels: "voice" },
      { name: "VOICE_SPEAK", label: "Speak", note: "Be heard.", inChannels: "voice" },
      {
        name: "USE_VOICE_ACTIVITY",
        label: "Use voice activity",
        note: "Speak without push-to-talk.",
        inChannels: "voice",
      },
      { name: "USE_VIDEO", label: "Use the camera", note: "Be seen.", inChannels: "voice" },
      { name: "SCREEN_SHARE", label: "Share the screen", note: "With its sound.", inChannels: "voice" },
      { name: "WHISPER", label: "Whisper", note: "Speak to some alone.", inChannels: "voice" },
      { name: "PRIORITY_SPEAKER", label: "Priority speaker", note: "Be heard over others.", inChannels: "voice" },
      { name: "VOICE_MUTE_OTHERS", label: "Mute members", note: "", inChannels: "voice" },
      { name: "VOICE_DEAFEN_OTHERS", label: "Deafen members", note: "", inChannels: "voice" },
      {
        name: "VOICE_MOVE_MEMBERS",
        label: "Move members",
        note: "Move and disconnect people in voice.",
        inChannels: "voice",
      },
    ],
  },
  {
    title: "Extras",
    permissions: [
      { name: "MANAGE_EMOJI", label: "Manage emoji", note: "", inChannels: null },
      { name: "MANAGE_PAGES", label: "Manage pages", note: "", inChannels: null },
    ],
  },
];
