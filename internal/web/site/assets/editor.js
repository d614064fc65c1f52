// The editor of a statement: while it is written, the server says what the
// sentence would say. Without this the button beside it does the same.
import { post, replace } from "./load.js";

const pause = 500; // milliseconds without a key before the server is asked

export function editor() {
  const form = document.querySelector("form[data-weigh]");
  if (!form) return;
  let waiting, asked = 0;

  async function weigh() {
    const mine = ++asked;
    const place = document.getElementById("weighed");
    place.setAttribute("aria-busy", "true");
    try {
      const loaded = await post(form.dataset.weigh + "?fragment=weighed", new FormData(form));
      if (mine === asked) replace("weighed", loaded);
    } catch {
      // what was written stays; the next key asks again
    } finally {
      document.getElementById("weighed")?.removeAttribute("aria-busy");
    }
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(weigh, pause);
  }

  form.addEventListener("input", soon);
  form.addEventListener("submit", () => (asked++, clearTimeout(waiting)));
  if ([...form.querySelectorAll("textarea")].some((area) => area.value !== "")) weigh();
}
