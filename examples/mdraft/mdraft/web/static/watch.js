// Asks every second and a half whether a conversion on this page has finished, and then shows the page anew.
(() => {
  const waiting = [...document.querySelectorAll("[data-waits-for]")].map((element) => element.dataset.waitsFor);
  const look = async () => {
    for (const id of waiting) {
      try {
        const answer = await fetch(`/api/conversions/${encodeURIComponent(id)}`);
        const { status } = await answer.json();
        if (status === "COMPLETED" || status === "FAILED") {
          location.reload();
          return;
        }
      } catch {
        // The network may be back at the next look.
      }
    }
    setTimeout(look, 1500);
  };
  setTimeout(look, 1000);
})();
