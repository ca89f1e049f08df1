// Follows the colours of the Airflow around the page: its root's class, else what it keeps, else what the system says.
"use strict";

function airflowRoot() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null;
  }
}

function wantedColours() {
  const root = airflowRoot();
  for (const colours of ["dark", "light"]) {
    if (root && root.classList.contains(colours)) {
      return colours;
    }
  }
  let kept = null;
  try {
    kept = window.localStorage.getItem("theme");
  } catch {
    kept = null;
  }
  return kept === "dark" || kept === "light" ? kept : "";
}

function follow() {
  document.documentElement.dataset.theme = wantedColours();
}

follow();
window.addEventListener("storage", follow);
if (airflowRoot()) {
  new MutationObserver(follow).observe(airflowRoot(), { attributes: true, attributeFilter: ["class"] });
}

// A tick at the head of a column ticks all that is shown below it.
document.addEventListener("change", (event) => {
  const head = event.target.closest("input[data-ticks]");
  if (head) {
    for (const each of document.querySelectorAll(`input[name="${head.dataset.ticks}"]`)) {
      each.checked = head.checked;
    }
  }
});

// A part that could not be fetched says so, where it would have stood.
document.addEventListener("htmx:error", (event) => {
  const part = event.target.closest && event.target.closest("[data-lazy]");
  if (part) {
    part.textContent = part.dataset.lazy;
  }
});
