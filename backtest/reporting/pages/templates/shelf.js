/* The command that compares the ticked runs. The run that was ticked first is the baseline. */
(() => {
  const ticked = new Set();
  const bar = document.getElementById("compare");
  const command = bar.querySelector("pre");
  const copy = bar.querySelector("[data-copy]");
  function show() {
    const words = [...ticked].map((box) => box.value);
    const enough = words.length > 1;
    bar.hidden = !words.length;
    command.hidden = copy.hidden = !enough;
    bar.querySelector("code").textContent = enough ? `python -m backtest compare ${words.join(" ")}` : "";
    bar.querySelector("p").textContent = enough
      ? `${words.length} runs; the first is the baseline. Start the command in the folder that contains ${bar.dataset.folder}.`
      : "Tick another run to compare the two.";
  }
  for (const box of document.querySelectorAll("#runs tbody input"))
    box.addEventListener("change", () => { ticked[box.checked ? "add" : "delete"](box); show(); });
  document.getElementById("untick").addEventListener("click", () => {
    for (const box of ticked) box.checked = false;
    ticked.clear();
    show();
  });
})();
