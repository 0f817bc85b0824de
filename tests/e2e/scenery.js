// Runs in every page of the README's pictures: what its camera and its screen show, drawn on canvases.
(() => {
  const devices = navigator.mediaDevices;
  const getUserMedia = devices.getUserMedia.bind(devices);
  const HUES = { nova: 330, kestrel: 215, byte: 150, juno: 265 };

  function moving(width, height, draw) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    const paint = () => draw(context, performance.now() / 1000);
    paint();
    setInterval(paint, 66);
    return canvas.captureStream(15);
  }

  function circle(context, x, y, radius, colour) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  /** Somebody before a wall, nodding a little. */
  function face(context, hue, seconds) {
    const { width, height } = context.canvas;
    const wall = context.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, `hsl(${hue} 45% 42%)`);
    wall.addColorStop(1, `hsl(${hue + 30} 40% 18%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    const y = height * 0.44 + Math.sin(seconds * 2) * 4;
    context.fillStyle = `hsl(${hue + 180} 30% 30%)`;
    context.beginPath();
    context.ellipse(width / 2, height * 1.08, height * 0.46, height * 0.4, 0, 0, 2 * Math.PI);
    context.fill();
    circle(context, width / 2, y - height * 0.03, height * 0.23, "#3a2a22");
    circle(context, width / 2, y + height * 0.02, height * 0.2, "#e0b594");
    for (const side of [-1, 1]) circle(context, width / 2 + side * height * 0.075, y, height * 0.02, "#2a1d18");
  }

  /** A plan of the evening's raid. */
  function plan(context, seconds) {
    const { width, height } = context.canvas;
    context.fillStyle = "#161b24";
    context.fillRect(0, 0, width, height);
    context.strokeStyle = "#222a37";
    for (let x = 0; x < width; x += 48) context.strokeRect(x, 0, 48, height);
    for (let y = 0; y < height; y += 48) context.strokeRect(0, y, width, 48);
    context.lineWidth = 6;
    context.strokeStyle = "#43506a";
    context.beginPath();
    context.ellipse(width * 0.4, height * 0.54, width * 0.3, height * 0.37, 0, 0, 2 * Math.PI);
    context.stroke();
    circle(context, width * 0.4, height * 0.5, 62 + 4 * Math.sin(seconds * 3), "#d6364a");
    write(context, "Warden", width * 0.4, height * 0.5 + 10, "center", "#ffffff", "600 28px sans-serif");
    const groups = [
      ["Tanks", 0.4, 0.72, "#3a6deb"],
      ["Healers", 0.22, 0.34, "#4ade80"],
      ["Ranged", 0.58, 0.3, "#fbbf24"],
      ["Melee", 0.55, 0.68, "#b48cff"],
    ];
    for (const [name, x, y, colour] of groups) {
      circle(context, width * x, height * y, 26, colour);
      write(context, name, width * x, height * y + 60, "center", "#c9d0dc", "500 24px sans-serif");
    }
    write(context, "The Sunken Vault, third room", 48, 70, "left", "#eef1f6", "600 40px sans-serif");
    const steps = ["1  Pull at the stairs", "2  Left pillar at 70 %", "3  Spread on Tide", "4  Interrupt Hymn", "5  Burn below 20 %"];
    steps.forEach((step, index) =>
      write(context, step, width * 0.74, height * 0.36 + index * 58, "left", index === 2 ? "#4ade80" : "#c9d0dc", "500 28px sans-serif"),
    );
  }

  function write(context, text, x, y, align, colour, font) {
    Object.assign(context, { textAlign: align, fillStyle: colour, font });
    context.fillText(text, x, y);
  }

  devices.getDisplayMedia = async () => {
    const stream = moving(1600, 900, plan);
    Object.defineProperty(stream.getVideoTracks()[0], "label", { value: "Raid planner" });
    return stream;
  };
  devices.getUserMedia = async (wish) =>
    wish.video ? moving(640, 360, (context, seconds) => face(context, HUES[window.sceneryOf] ?? 200, seconds)) : getUserMedia(wish);
})();
