// Loading parts of pages. A part is parsed by the browser's own document
// loader, so no text of ours or of a log ever becomes markup in a script.

// part loads a fragment as a document, with the address it was found at; it
// rejects with the reader's words.
export function part(url, name) {
  const address = new URL(url, location.href);
  if (name) address.searchParams.set("fragment", name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", address);
    request.onload = () => {
      if (request.status === 401) {
        location.reload();
        reject(new Error(document.body.dataset.signedOut));
      } else if (request.response) {
        resolve({ loaded: request.response, address: withoutPart(request.responseURL) });
      } else {
        reject(new Error(document.body.dataset.failed));
      }
    };
    request.onerror = () => reject(new Error(document.body.dataset.failed));
    request.send();
  });
}

// post sends a form and gives the part that answers it.
export function post(url, form) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("POST", url);
    request.onload = () => (request.status === 200 && request.response ? resolve(request.response) : reject(new Error(document.body.dataset.failed)));
    request.onerror = () => reject(new Error(document.body.dataset.failed));
    request.send(new URLSearchParams(form));
  });
}

// withoutPart is the address of the page that a part belongs to.
function withoutPart(address) {
  const url = new URL(address);
  url.searchParams.delete("fragment");
  return url.href;
}

// replace puts the element with this id from a loaded part in place of ours; a
// part without it is an error box, which goes inside ours.
export function replace(id, loaded) {
  const ours = document.getElementById(id);
  const theirs = loaded.getElementById(id);
  if (theirs) {
    ours.replaceWith(document.adoptNode(theirs));
  } else {
    ours.replaceChildren(...Array.from(loaded.body.childNodes, (n) => document.adoptNode(n)));
    ours.hidden = false;
  }
}

// show loads a part into its place, tells when it takes long and says what
// went wrong.
export async function show(url, name, id, historyToo) {
  const place = document.getElementById(id);
  place.setAttribute("aria-busy", "true");
  try {
    const { loaded, address } = await part(url, name);
    if (historyToo) history.pushState(null, "", address);
    replace(id, loaded);
  } catch (error) {
    const p = document.createElement("p");
    p.className = "wrong";
    p.setAttribute("role", "alert");
    p.textContent = error.message;
    place.prepend(p);
    place.hidden = false;
  } finally {
    document.getElementById(id)?.removeAttribute("aria-busy");
  }
  document.dispatchEvent(new CustomEvent("konseki:shown", { detail: id }));
}
