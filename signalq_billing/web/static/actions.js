// A form is sent once however often its button is pressed, and links into Airflow leave the frame they are shown in.
// The server protects itself against the first without this file too.
"use strict";

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    // A download leaves the page as it is: it may be asked for again, in the other format too.
    setTimeout(() => {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }, 3000);
  });
}

for (const link of document.querySelectorAll("a[data-airflow]")) {
  link.addEventListener("click", (event) => {
    if (window.parent === window || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    // The frame may not navigate its parent, a link of the parent's own document may.
    const outside = window.parent.document.createElement("a");
    outside.href = link.href;
    window.parent.document.body.append(outside);
    outside.click();
    outside.remove();
  });
}
