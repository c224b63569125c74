/* Buttons that copy the code of the element that they name. */
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy).querySelector("code");
    try { await navigator.clipboard.writeText(code.textContent); button.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(code); button.textContent = "Selected"; }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
