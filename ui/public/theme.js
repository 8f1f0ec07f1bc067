// Before the first paint, so that a dark room stays dark. A file of its own: the page's policy allows no inline script.
;(function () {
  var wish = 'auto'
  try {
    wish = localStorage.getItem('stella-theme') || 'auto'
  } catch {
    /* storage may be switched off */
  }
  var dark = wish === 'dark' || (wish === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
