// The week: draw over free cells with the mouse, or go by arrows and hold Shift; the booking form opens with that span.
// Without this file each free cell is a plain link to the same form.
(() => {
  const place = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (place && !/(?:^|; )zone=/.test(document.cookie)) {
    document.cookie = `zone=${encodeURIComponent(place)}; path=/; max-age=31536000; samesite=lax`;
  }
  let from = null, to = null, drawing = false;
  const cell = (target) => target instanceof Element ? target.closest("table.week td.free a[data-start]") : null;
  const column = (link) => [...link.closest("table").querySelectorAll("td.free a[data-start]")]
    .filter((one) => one.dataset.start.slice(0, 10) === link.dataset.start.slice(0, 10) || near(one, link))
    .sort((a, b) => a.dataset.start.localeCompare(b.dataset.start));
  const near = (a, b) => Math.abs(new Date(a.dataset.start) - new Date(b.dataset.start)) < 864e5;
  const between = () => {
    if (!from || !to) return [];
    const [first, last] = [from.dataset.start, to.dataset.start].sort();
    const found = [];
    for (const one of column(from)) {
      if (one.dataset.start < first || one.dataset.start > last) continue;
      if (found.length && found.at(-1).dataset.end !== one.dataset.start) return found;  // never over taken time
      found.push(one);
    }
    return found;
  };
  const show = () => {
    document.querySelectorAll("td.free a.chosen").forEach((one) => one.classList.remove("chosen"));
    between().forEach((one) => one.classList.add("chosen"));
  };
  const open = () => {
    const chosen = between();
    if (!chosen.length) return;
    const table = chosen[0].closest("table");
    const clocks = table.dataset.clocks ? `&clocks=${table.dataset.clocks}` : "";
    location.href = `${table.dataset.book}?start=${chosen[0].dataset.start}&end=${chosen.at(-1).dataset.end}${clocks}`;
  };
  document.addEventListener("mousedown", (event) => {
    const link = event.button === 0 && cell(event.target);
    if (!link) return;
    event.preventDefault();
    [from, to, drawing] = [link, link, true];
    link.focus();
    show();
  });
  document.addEventListener("mouseover", (event) => {
    const link = drawing && cell(event.target);
    if (link) { to = link; show(); }
  });
  document.addEventListener("mouseup", () => { if (drawing) { drawing = false; open(); } });
  document.addEventListener("click", (event) => {
    if (cell(event.target) && event.detail > 0) event.preventDefault();  // the mouse is done with above
  });
  document.addEventListener("keydown", (event) => {
    const link = cell(document.activeElement);
    if (!link) return;
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (step) {
      event.preventDefault();
      const all = column(link), at = all.indexOf(link);
      let next = all[at + step[0]];
      if (step[1]) {
        const wished = new Date(link.dataset.start).getTime() + step[1] * 864e5;
        next = [...link.closest("table").querySelectorAll("td.free a[data-start]")]
          .find((one) => new Date(one.dataset.start).getTime() === wished);
      }
      if (!next) return;
      if (event.shiftKey && step[0]) { from = from || link; to = next; } else { from = next; to = next; }
      next.focus();
      show();
    } else if (event.key === "Enter") {
      from = from || link;
      to = to || link;
      event.preventDefault();
      open();
    }
  });
})();
