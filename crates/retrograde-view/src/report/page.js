(() => {
  // The numbers under the pointer.
  const numbers = JSON.parse(document.getElementById("numbers").textContent);
  const short = (value, share) => {
    if (value === null) return "–";
    if (share) return (100 * value).toFixed(2) + " %";
    const size = Math.abs(value);
    return size && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : Number(value.toPrecision(4)).toString();
  };
  const nearest = (steps, step) => {
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < step) low = middle + 1; else high = middle;
    }
    return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
  };
  document.querySelectorAll(".plot").forEach((figure) => {
    const plan = numbers[figure.dataset.figure];
    const plane = figure.querySelector(".plane"), cursor = plane.querySelector(".cursor");
    const outputs = [...figure.querySelectorAll("output")];
    const rest = outputs.map((output) => output.textContent);
    const axis = figure.querySelector(".axis-name"), name = axis.innerHTML;
    const [left, right, top, bottom] = plan.plane, [first, last] = plan.steps;
    const leave = () => {
      cursor.style.display = "none";
      outputs.forEach((output, place) => { output.textContent = rest[place]; });
      axis.innerHTML = name;
    };
    const show = (step) => {
      const scale = plan.size[0] / plane.querySelector("svg").getBoundingClientRect().width;
      const x = left + (step - first) / (last - first) * (right - left);
      Object.assign(cursor.style, {
        display: "block", left: x / scale + "px", top: top / scale + "px", height: (bottom - top) / scale + "px",
      });
      plan.curves.forEach((curve, place) => {
        if (curve.steps.length) outputs[place].textContent = short(curve.values[nearest(curve.steps, step)], plan.share);
      });
      axis.innerHTML = name;
      axis.append(" " + step.toLocaleString("en"));
      figure.dataset.step = step;
    };
    const within = (step) => Math.min(last, Math.max(first, Math.round(step)));
    plane.addEventListener("pointermove", (event) => {
      const box = plane.querySelector("svg").getBoundingClientRect();
      const x = (event.clientX - box.left) * plan.size[0] / box.width;
      show(within(first + (x - left) / (right - left) * (last - first)));
    });
    plane.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!way) return;
      const stride = Math.max(1, Math.round((last - first) / 100));
      show(within(Number(figure.dataset.step ?? last) + way * stride));
      event.preventDefault();
    });
    plane.addEventListener("blur", leave);
    plane.addEventListener("pointerleave", leave);
  });

  // During a training the file is replaced repeatedly; ten minutes without a change mean that it has ended.
  const young = () => Date.now() - Number(root.dataset.written) < 600000;
  let touched = 0;
  addEventListener("pointermove", () => { touched = Date.now(); });
  if (root.dataset.running === "true") {
    setInterval(() => {
      if (young() && !document.hidden && Date.now() - touched > 3000) location.reload();
    }, 3000);
  }
})();
