/** Camera and screen: on with a dialog, off with a click. */
import type { JSX } from "solid-js";
import { useClient } from "../../client/context";
import { IconButton } from "../../ui/Button";
import { isShowing, mayShow, toggleCamera } from "./publishing";

export function CameraButton(props: { round?: boolean }): JSX.Element {
  const client = useClient();
  const isOn = (): boolean => isShowing(client, "webcam");
  const label = (): string => {
    if (!mayShow(client, "USE_VIDEO")) return "You may not use a camera here";
    return isOn() ? "Turn the camera off (Ctrl+Shift+V)" : "Turn the camera on (Ctrl+Shift+V)";
  };
  return (
    <IconButton
      classList={{ round: props.round === true, "is-lit": isOn() }}
      icon={isOn() ? "camera" : "cameraOff"}
      label={label()}
      aria-pressed={isOn()}
      disabled={!isOn() && !mayShow(client, "USE_VIDEO")}
      onClick={() => toggleCamera(client)}
      data-testid={props.round ? "room-camera" : "toggle-camera"}
    />
  );
}

export function ShareButton(props: { round?: boolean }): JSX.Element {
  const client = useClient();
  const isOn = (): boolean => isShowing(client, "screen");
  const label = (): string => {
    if (!mayShow(client, "SCREEN_SHARE")) return "You may not share your screen here";
    return isOn() ? "You share your screen: change or stop (Ctrl+Shift+S)" : "Share your screen (Ctrl+Shift+S)";
  };
  return (
    <IconButton
      classList={{ round: props.round === true, "is-lit": isOn() }}
      icon="screen"
      label={label()}
      aria-pressed={isOn()}
      aria-haspopup="dialog"
      disabled={!isOn() && !mayShow(client, "SCREEN_SHARE")}
      onClick={() => client.dialogs.open({ name: "share" })}
      data-testid={props.round ? "room-share" : "share-screen"}
    />
  );
}
