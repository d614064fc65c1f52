// The brush: dragging over the histogram sets the window.

const least = 4; // pixels before a press becomes a drag

export function brush(go) {
  let start = null;

  const place = (event, chart) => {
    const box = chart.getBoundingClientRect();
    return Math.min(box.width, Math.max(0, event.clientX - box.left));
  };

  const draw = (chart, from, to) => {
    const rect = chart.querySelector("#brush");
    rect.setAttribute("x", Math.min(from, to));
    rect.setAttribute("width", Math.abs(to - from));
  };

  document.addEventListener("pointerdown", (event) => {
    const chart = event.target.closest?.("#chart");
    if (!chart || event.button !== 0) return;
    event.preventDefault(); // no link is dragged away, no text selected
    start = { chart, x: place(event, chart), dragged: false };
  });

  document.addEventListener("pointermove", (event) => {
    if (!start) return;
    const x = place(event, start.chart);
    if (Math.abs(x - start.x) >= least) start.dragged = true;
    if (start.dragged) draw(start.chart, start.x, x);
  });

  document.addEventListener("pointerup", (event) => {
    if (!start) return;
    const { chart, x, dragged } = start;
    start = null;
    if (!dragged) return;
    const end = place(event, chart);
    draw(chart, 0, 0);
    swallowClick();
    const from = Number(chart.dataset.from);
    const scale = (Number(chart.dataset.to) - from) / chart.getBoundingClientRect().width;
    const at = (pixel) => new Date(Math.round(from + pixel * scale)).toISOString();
    const url = new URL(location.href);
    url.searchParams.set("from", at(Math.min(x, end)));
    url.searchParams.set("to", at(Math.max(x, end)));
    url.searchParams.delete("after");
    go(url.href);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && start) {
      draw(start.chart, 0, 0);
      start = null;
    }
  });
}

// swallowClick keeps the end of a drag from following the column beneath it.
function swallowClick() {
  const stop = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", stop, { capture: true }), 0);
}
