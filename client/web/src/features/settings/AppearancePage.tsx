/** Colours, density, size of text. */
import type { JSX } from "solid-js";
import { useClient } from "../../client/context";
import type { Preferences } from "../../client/preferences";
import { Choice, Slider } from "../../ui/Field";

const THEMES = [
  { value: "dark", label: "Dark" },
  { value: "midnight", label: "Midnight" },
  { value: "light", label: "Light" },
];
const DENSITIES = [
  { value: "cosy", label: "Cosy" },
  { value: "compact", label: "Compact" },
];

export function AppearancePage(): JSX.Element {
  const { preferences, setPreferences } = useClient();
  const scale = (): number => Math.round(preferences.fontScale * 100);
  return (
    <section class="section">
      <h3>Appearance</h3>
      <Choice
        label="Theme"
        value={preferences.theme}
        options={THEMES}
        onChoose={(theme) => setPreferences({ theme: theme as Preferences["theme"] })}
        testid="theme"
      />
      <Choice
        label="Density"
        value={preferences.density}
        options={DENSITIES}
        onChoose={(density) => setPreferences({ density: density as Preferences["density"] })}
        testid="density"
      />
      <Slider
        label="Size of text"
        min={80}
        max={150}
        step={5}
        value={scale()}
        text={`${scale()} %`}
        onValue={(value) => setPreferences({ fontScale: value / 100 })}
        testid="font-scale"
      />
    </section>
  );
}
