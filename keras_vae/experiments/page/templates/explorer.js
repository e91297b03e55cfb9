"use strict";
(() => {
  const ACTIVATIONS = {
    elu: x => x > 0 ? x : Math.expm1(x),
    linear: x => x,
    relu: x => Math.max(x, 0),
    sigmoid: x => 1 / (1 + Math.exp(-x)),
    silu: x => x / (1 + Math.exp(-x)),
    softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    softsign: x => x / (1 + Math.abs(x)),
    tanh: Math.tanh,
  };
  const number = value => value.toFixed(2).replace("-", "\u2212");
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const COLORS = read("colors");
  const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0)).buffer;

  function matrix({values, scales, rows, columns}) {
    const integers = new Int16Array(bytes(values)), scale = new Float32Array(bytes(scales));
    return {rows, columns, weights: Float32Array.from(integers, (v, i) => v * scale[i % columns])};
  }
  function layer(packed) {
    return {...matrix(packed), bias: new Float32Array(bytes(packed.bias)),
      activate: ACTIVATIONS[packed.activation], gate: packed.gate && layer(packed.gate)};
  }
  function apply(layer, input) {
    const {weights, columns} = layer, output = Float64Array.from(layer.bias);
    input.forEach((value, row) => {
      for (let j = 0, at = row * columns; j < columns; j++, at++) output[j] += value * weights[at];
    });
    return output.map(layer.activate);
  }
  function decode(model, code) {
    let hidden = Float64Array.from(code);
    for (const step of model.layers) {
      const gates = step.gate && apply(step.gate, hidden);
      hidden = apply(step, hidden);
      if (gates) hidden = hidden.map((value, i) => value * gates[i]);
    }
    return hidden;
  }
  function paint(canvas, model, pixels) {
    const [height, width, channels = 1] = model.image_shape;
    const picture = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++)
        picture.data[4 * i + c] = Math.round(255 * pixels[i * channels + (channels === 3 ? c : 0)]);
      picture.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  class View {
    constructor(root, model, sheet) {
      this.root = root;
      this.model = model;
      this.sheet = sheet;
      const {rows, columns, weights} = matrix(model.codes);
      this.codes = Array.from({length: rows},
        (_, i) => weights.subarray(i * columns, (i + 1) * columns));
      this.code = new Float64Array(model.latent_dim);
      this.controls = [];
      this.plane = this.find(".plane");
    }
    find(selector) { return this.root.querySelector(selector); }
    start() {
      this.addSliders();
      if (this.plane) this.addPlane(); else this.addStrip();
      this.find(".number").addEventListener("input", event => {
        const index = event.target.valueAsNumber - 1;
        if (index in this.codes) this.choose(index);
      });
      this.find(".zero").addEventListener("click", () => this.move(this.code.map(() => 0)));
      this.find(".draw")?.addEventListener("click", () => this.move(this.code.map(() =>
        Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()))));
      this.choose(0);
    }
    addSliders() {
      for (const label of this.root.querySelectorAll(".slider")) {
        const index = Number(label.dataset.index), input = label.querySelector("input");
        input.addEventListener("input", () => {
          const code = this.code.slice();
          code[index] = input.valueAsNumber;
          this.move(code);
        });
        this.controls.push({index, input, value: label.querySelector("output")});
      }
    }
    addStrip() {
      const strip = this.find(".strip"), width = this.model.image_shape[1];
      const chosen = this.model.strip;
      chosen.forEach((index, i) => this.copy(index, strip.getContext("2d"), i * width));
      strip.addEventListener("click", event =>
        this.choose(chosen[Math.floor(event.offsetX / strip.clientWidth * chosen.length)]));
    }
    addPlane() {
      const plane = this.plane;
      const follow = event => {
        const half = plane.clientWidth / 2, limit = this.model.limit;
        const at = [event.offsetX / half - 1, 1 - event.offsetY / half];
        return at.map(v => Math.max(-limit, Math.min(limit, v * limit)));
      };
      plane.addEventListener("pointerdown", event => {
        plane.setPointerCapture(event.pointerId);
        const at = follow(event), near = 8 / plane.clientWidth * 2 * this.model.limit;
        const away = this.codes.map(code => Math.hypot(code[0] - at[0], code[1] - at[1]));
        const nearest = away.indexOf(Math.min(...away));
        if (away[nearest] < near && !this.find(".pictures").checked) this.choose(nearest);
        else this.move(at);
      });
      plane.addEventListener("pointermove", event => {
        if (event.buttons && plane.hasPointerCapture(event.pointerId)) this.move(follow(event));
      });
      this.find(".pictures").addEventListener("change", () => this.drawPlane());
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawPlane());
    }
    copy(index, context, x) {
      const [height, width] = this.model.image_shape, {columns} = this.model;
      context.drawImage(this.sheet, index % columns * width,
        Math.floor(index / columns) * height, width, height, x, 0, width, height);
    }
    choose(index) {
      const {labels} = this.model;
      this.chosen = index;
      this.copy(index, this.find(".image").getContext("2d"), 0);
      paint(this.find(".reconstruction"), this.model, decode(this.model, this.codes[index]));
      this.find(".which").textContent =
        `Test image ${index + 1}` + (labels ? `, class ${labels[index]}` : "");
      this.find(".number").value = index + 1;
      this.move(this.codes[index]);
    }
    move(code) {
      this.code = Float64Array.from(code);
      paint(this.find(".decoded"), this.model, decode(this.model, this.code));
      for (const {index, input, value} of this.controls) {
        input.value = this.code[index];
        value.textContent = number(this.code[index]);
      }
      if (!this.plane) return;
      this.find(".where").textContent = `(${[...this.code].map(number).join(", ")})`;
      this.drawPlane();
    }
    lattice() {
      if (this.pictures) return this.pictures;
      const {image_shape: [height, width], limit} = this.model, size = 17;
      const picture = document.createElement("canvas"), tile = document.createElement("canvas");
      Object.assign(picture, {width: size * width, height: size * height});
      Object.assign(tile, {width, height});
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++) {
          const code = [2 * (column + 0.5) / size - 1, 1 - 2 * (row + 0.5) / size];
          paint(tile, this.model, decode(this.model, code.map(v => v * limit)));
          picture.getContext("2d").drawImage(tile, column * width, row * height);
        }
      return this.pictures = picture;
    }
    drawPlane() {
      const {plane, model: {limit, labels}} = this, context = plane.getContext("2d");
      const side = plane.width, style = getComputedStyle(document.documentElement);
      const place = ([x, y]) => [(x / limit + 1) / 2 * side, (1 - y / limit) / 2 * side];
      const circle = (code, radius) => {
        context.beginPath();
        context.arc(...place(code), radius, 0, 2 * Math.PI);
      };
      context.clearRect(0, 0, side, side);
      const pictures = this.find(".pictures").checked;
      if (pictures) {
        context.imageSmoothingEnabled = false;
        context.drawImage(this.lattice(), 0, 0, side, side);
      } else {
        context.strokeStyle = style.getPropertyValue("--line");
        context.fillStyle = style.getPropertyValue("--muted");
        context.font = "20px system-ui, sans-serif";
        const step = Math.ceil(limit / 10);
        for (let tick = -limit + limit % step; tick <= limit; tick += step) {
          const [x, y] = place([tick, tick]), label = String(tick).replace("-", "\u2212");
          context.globalAlpha = tick ? 0.4 : 1;
          context.beginPath();
          context.moveTo(x, 0);
          context.lineTo(x, side);
          context.moveTo(0, y);
          context.lineTo(side, y);
          context.stroke();
          context.globalAlpha = 1;
          if (Math.abs(tick) < limit) {
            context.fillText(label, x + 4, side - 6);
            if (tick) context.fillText(label, 6, y - 4);
          }
        }
        this.codes.forEach((code, i) => {
          context.fillStyle = COLORS[(labels ? labels[i] : 0) % COLORS.length];
          circle(code, 5);
          context.fill();
        });
        context.lineWidth = 3;
        context.strokeStyle = style.getPropertyValue("--text");
        circle(this.codes[this.chosen], 9);
        context.stroke();
      }
      for (const [color, width] of [["#fff", 9], ["#c2185b", 5]]) {
        context.strokeStyle = color;
        context.lineWidth = width;
        circle(this.code, 16);
        context.stroke();
      }
      context.lineWidth = 1;
    }
  }

  const models = read("models").map(model => ({...model, layers: model.layers.map(layer)}));
  const sheets = read("sheets");
  // For tests, and for the curious.
  window.explorer = {models, decode: (index, code) => decode(models[index], code)};
  window.explorer.ready = Promise.all(models.map(async (model, index) => {
    const sheet = new Image();
    sheet.src = sheets[model.sheet];
    await sheet.decode();
    new View(document.querySelector(`[data-model="${index}"]`), model, sheet).start();
  }));
})();
