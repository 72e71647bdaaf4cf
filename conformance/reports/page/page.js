'use strict';
(() => {
  const search = document.getElementById('search');
  const found = document.getElementById('found');
  const boxes = [...document.querySelectorAll('input.status')];
  const searched = [...document.querySelectorAll('.searched')].map((element) => ({
    element, text: element.textContent.toLowerCase(), status: element.dataset.status,
  }));
  const chapters = [...document.querySelectorAll('.chapter')];

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let deviations = 0;
    let rules = 0;
    for (const { element, text, status } of searched) {
      const matches = words.every((word) => text.includes(word)) && (!status || shown.has(status));
      element.hidden = !matches;
      if (matches && status) rules += 1;
      else if (matches) deviations += 1;
    }
    for (const chapter of chapters) chapter.hidden = !chapter.querySelector('.searched:not([hidden])');
    const all = !words.length && shown.size === boxes.length;
    found.textContent = all ? '' : `${deviations} deviations, ${rules} rules`;
  }

  function open() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) {
      search.value = '';
      for (const box of boxes) box.checked = true;
      filter();
    }
    const details = target.querySelector('details');
    if (details) details.open = true;
    target.scrollIntoView();
  }

  async function copy(button) {
    const code = button.parentElement.querySelector('code');
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'copied';
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = 'selected';
    }
    setTimeout(() => { button.textContent = 'copy'; }, 2000);
  }

  search.addEventListener('input', filter);
  for (const box of boxes) box.addEventListener('change', filter);
  addEventListener('hashchange', open);
  addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && document.activeElement === search) {
      search.value = '';
      filter();
    }
  });
  document.addEventListener('click', (event) => {
    if (event.target.classList.contains('copy')) copy(event.target);
  });
  const closed = [];
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details:not([open])')) {
      details.open = true;
      closed.push(details);
    }
  });
  addEventListener('afterprint', () => { for (const details of closed.splice(0)) details.open = false; });
  open();
})();
