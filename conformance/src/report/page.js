"use strict";
const root = document.documentElement;
const speak = (lang) => { root.dataset.lang = lang; root.lang = lang; };
for (const button of document.querySelectorAll("button[data-set]")) {
  button.addEventListener("click", () => speak(button.dataset.set));
}
if (!/^zh/i.test(navigator.language || "zh")) speak("en");
const cases = [...document.querySelectorAll("details.pass, details.fail, details.not_applicable, details.inconclusive")];
const search = document.querySelector("#search");
const verdict = document.querySelector("#verdict");
const shown = document.querySelector("#shown");
if (search && verdict) {
  const texts = cases.map((one) => one.querySelector("summary").textContent.toLowerCase());
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    cases.forEach((one, n) => {
      const fits = (!verdict.value || one.classList.contains(verdict.value)) && texts[n].includes(wanted);
      one.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count} / ${cases.length}`;
  };
  search.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
  filter();
}
// What folded cases share is kept once: a case gets its details when it is opened.
const block = document.querySelector("#details");
if (block) {
  const { lines, cases: details } = JSON.parse(block.textContent);
  const both = (at, into) => ["zh", "en"].forEach((lang, n) => {
    const span = document.createElement("span");
    span.lang = lang;
    span.textContent = lines[at[n]];
    into.append(span);
  });
  const fill = (one) => {
    const detail = details[one.dataset.n];
    if (!detail || one.querySelector("div")) return;
    const copy = document.querySelector("#detail").cloneNode(true);
    copy.removeAttribute("id");
    copy.hidden = false;
    copy.className = "case";
    const [purpose, reason, , transcript] = copy.querySelectorAll("p");
    const [steps, sent] = copy.querySelectorAll("pre");
    both(detail.p, purpose);
    if (detail.r) both(detail.r, reason.lastElementChild); else reason.remove();
    steps.textContent = detail.s.map((n) => lines[n]).join("\n");
    if (detail.t) {
      transcript.lastElementChild.textContent = `${detail.c} · ${detail.u}`;
      sent.textContent = detail.t.map((n) => lines[n]).join("\n");
    } else {
      transcript.remove();
      sent.remove();
    }
    one.append(copy);
  };
  for (const one of cases) one.addEventListener("toggle", () => one.open && fill(one));
  addEventListener("beforeprint", () => cases.filter((one) => one.open).forEach(fill));
}
