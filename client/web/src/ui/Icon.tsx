/** Line icons on a 24-pixel grid; they take the colour of the text around them. */
import type { JSX } from "solid-js";

/** Each icon is one path, drawn with a 2-pixel round pen. */
const PATHS = {
  mic: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  micOff:
    "M9 9v2a3 3 0 0 0 4.6 2.5M15 11V7a3 3 0 0 0-5.7-1.3M6 11a6 6 0 0 0 9 5.2M18 11a6 6 0 0 1-.5 2.4M12 17v4M4 4l16 16",
  headphones: "M4 15v-3a8 8 0 0 1 16 0v3M4 15h3v5H6a2 2 0 0 1-2-2zM20 15h-3v5h1a2 2 0 0 0 2-2z",
  headphonesOff:
    "M4 15v-3a8 8 0 0 1 2-5.3M9 4.6A8 8 0 0 1 20 12v5M4 15h3v5H6a2 2 0 0 1-2-2zM17 17v3h1a2 2 0 0 0 1.4-.6M4 4l16 16",
  settings:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3l1 2.6 2.4 1 2.5-1.2 1.7 1.7-1.2 2.5 1 2.4L22 13v0l-2.6 1-1 2.4 1.2 2.5-1.7 1.7-2.5-1.2-2.4 1L12 22l-1-2.6-2.4-1-2.5 1.2-1.7-1.7 1.2-2.5-1-2.4L2 12l2.6-1 1-2.4-1.2-2.5 1.7-1.7 2.5 1.2 2.4-1z",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  speaker: "M5 9h3l4-4v14l-4-4H5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  plus: "M12 5v14M5 12h14",
  chevronDown: "m6 9 6 6 6-6",
  chevronRight: "m9 6 6 6-6 6",
  hangUp:
    "M3.5 14.5c-.7-4 3.500-6.500 8.500-6.500s9.200 2.500 8.500 6.500c-.2 1-.9 1.400-1.900 1.200l-2.600-.6c-.8-.2-1.200-.7-1.200-1.500v-1.300a9 9 0 0 0-5.600 0v1.300c0 .8-.4 1.300-1.200 1.500l-2.600.6c-1 .2-1.700-.2-1.900-1.200z",
  close: "M6 6l12 12M18 6 6 18",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  reply: "M9 7 4 12l5 5M4 12h9a7 7 0 0 1 7 7",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  users:
    "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 20c0-3.500 2.500-6 6-6s6 2.500 6 6M16 4.500a3.500 3.500 0 0 1 0 6M18 14.500c2 .8 3 2.800 3 5.500",
  userPlus:
    "M10 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM4 20c0-3.500 2.500-6 6-6 2 0 3.700.8 4.800 2.200M18 14v6M15 17h6",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500 20 20",
  check: "m5 13 4 4L19 7",
  warning: "M12 4 3 20h18zM12 10v4M12 17v.01",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.01",
  folderPlus: "M4 6h5l2 2h9v11H4zM12 11v5M9.500 13.500h5",
  leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  retry: "M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  crown: "M4 18h16M4 7l4 4 4-6 4 6 4-4-2 8H6z",
  shield: "M12 3 5 6v5c0 5 3 8 7 10 4-2 7-5 7-10V6z",
  volume: "M5 9h3l4-4v14l-4-4H5zM16 9.500a3.500 3.500 0 0 1 0 5",
  volumeOff: "M5 9h3l4-4v14l-4-4H5zM16 10l4 4M20 10l-4 4",
  send: "M4 12 20 4l-5 16-3-7z",
  whisper: "M5 5h14v10h-8l-4 4v-4H5zM9 10v.01M12 10v.01M15 10v.01",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  keyboard: "M3 7h18v10H3zM7 11v.01M10 11v.01M13 11v.01M16 11v.01M8 14h8",
  camera: "M4 7h10a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zM15 11l6-3.500v9L15 13",
  cameraOff: "M7 7h7a1 1 0 0 1 1 1v3l6-3.500v9l-3-1.750M15 15.500a1 1 0 0 1-1 1.500H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1M4 4l16 16",
  screen: "M3 5h18v11H3zM8 20h8M12 16v4",
  screenOff: "M7 5h14v11h-3M14 16H3V5M8 20h8M12 16v4M4 4l16 16",
  fullscreen: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  shrink: "M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5",
  theater: "M3 6h18v12H3zM6 9h12v6H6z",
  spotlight: "M3 5h18v9H3zM3 18h4M10 18h4M17 18h4",
  grid: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  popOut: "M13 4h7v7M20 4l-9 9M17 14v6H4V7h6",
  chart: "M5 20V10M10 20V4M15 20v-8M20 20v-5",
  eye: "M2 12s3.500-6 10-6 10 6 10 6-3.500 6-10 6-10-6-10-6zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  eyeOff:
    "M10 6.200A10 10 0 0 1 12 6c6.500 0 10 6 10 6a17 17 0 0 1-3 3.500M6.500 7.700A16 16 0 0 0 2 12s3.500 6 10 6a10 10 0 0 0 4.500-1M4 4l16 16",
  gauge: "M4 17a8 8 0 1 1 16 0M12 17l4-6",
  home: "M4 11l8-7 8 7M6 10v10h12V10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { name: IconName; size?: number | undefined }): JSX.Element {
  return (
    <svg
      class="icon"
      width={props.size ?? 20}
      height={props.size ?? 20}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[props.name]} />
    </svg>
  );
}
