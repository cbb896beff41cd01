"use strict";
const root = document.documentElement;
const speak = (lang) => { root.dataset.lang = lang; root.lang = lang; };
for (const button of document.querySelectorAll("button[data-set]")) {
  button.addEventListener("click", () => speak(button.dataset.set));
}
if (!/^zh/i.test(navigator.language || "zh")) speak("en");
const search = document.querySelector("#search");
const verdict = document.querySelector("#verdict");
if (search && verdict) {
  const cases = [...document.querySelectorAll("details[data-verdict]")];
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    for (const one of cases) {
      const fits = (!verdict.value || one.dataset.verdict === verdict.value)
        && (!wanted || one.querySelector("summary").textContent.toLowerCase().includes(wanted));
      one.hidden = !fits;
    }
  };
  search.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
}
