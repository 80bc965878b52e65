"use strict";
// Every page works without this: it adds buttons that copy, and looks again at what is being computed.
(() => {
  const say = document.createElement("p");
  say.className = "unseen";
  say.setAttribute("role", "status");
  document.body.appendChild(say);

  // Only pages from a secure origin may write to the clipboard; on others the text is selected and copied the old way.
  const copy = async (pre) => {
    if (navigator.clipboard && isSecureContext) {
      await navigator.clipboard.writeText(pre.textContent);
      return true;
    }
    const range = document.createRange();
    range.selectNodeContents(pre);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };

  for (const block of document.querySelectorAll(".code")) {
    const pre = block.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the commands for " + pre.getAttribute("aria-label"));
    button.addEventListener("click", async () => {
      let copied = false;
      try {
        copied = await copy(pre);
      } catch (refused) {
        copied = false;
      }
      button.textContent = copied ? "Copied" : "Select it";
      say.textContent = copied ? "Copied" : "The browser does not let this page copy; select the text.";
      setTimeout(() => {
        button.textContent = "Copy";
        say.textContent = "";
      }, 2000);
    });
    block.appendChild(button);
  }

  // Boxes that nothing can be scrolled in are no stops for the keyboard.
  const stops = () => {
    for (const box of document.querySelectorAll(".scroll, pre")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (scrolls) box.tabIndex = 0; else box.removeAttribute("tabindex");
    }
  };
  document.addEventListener("toggle", stops, true);
  addEventListener("resize", stops);
  stops();

  const PAUSE = 2000;
  const again = async () => {
    const old = document.getElementById("report");
    if (!old || !old.dataset.pending) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("report");
      if (answer.ok && fresh) {
        const progress = old.querySelector("progress");
        const next = fresh.querySelector("progress");
        const grown = Boolean(old.querySelector("table")) !== Boolean(fresh.querySelector("table"));
        if (progress && next && !grown) {
          // Only the number changes, so that nothing moves and the focus stays.
          progress.value = next.value;
          old.querySelector("#progress-text").textContent = fresh.querySelector("#progress-text").textContent;
        } else {
          old.replaceWith(document.adoptNode(fresh));
          stops();
          document.dispatchEvent(new Event("report"));
        }
      }
    } catch (unreachable) {
      // The server may be away for a moment: the next look tells.
    }
    setTimeout(again, PAUSE);
  };
  setTimeout(again, PAUSE);
})();
