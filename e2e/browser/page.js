// What is in this page: its elements in order, and all that could fetch, leave
// or run. Evaluated in every document that the tests open.
(() => {
  const found = { title: document.title, outline: [], addresses: [], handlers: [], anchors: [], overflow: [], executed: globalThis.executed ?? [] };
  // Not of the outline: where one string is shown as text, another is shown as
  // code; a label in a picture takes one line or two. Links are among the addresses.
  const inText = new Set(["a", "code", "em", "strong", "text", "tspan", "br", "wbr"]);
  const addresses = new Set(["href", "src", "srcset", "action", "formaction", "data", "poster", "background", "cite", "ping", "manifest", "xlink:href", "codebase", "http-equiv"]);
  const visit = (element, depth) => {
    const name = element.localName;
    // The highlighter's spans are as many as a query has words.
    if (!inText.has(name) && !(name === "span" && element.closest("pre"))) found.outline.push(" ".repeat(depth) + name);
    for (const { name: attribute, value } of element.attributes) {
      if (attribute.startsWith("on")) found.handlers.push(`${name} ${attribute}=${value}`);
      else if (addresses.has(attribute)) found.addresses.push(`${name} ${attribute}=${value}`);
      // url(#x) is of the picture itself.
      else if (/url\s*\(\s*["']?(?!#)/i.test(value)) found.addresses.push(`${name} ${attribute}=${value}`);
      if (attribute === "href" && value.startsWith("#") && value !== "#" && !document.getElementById(decodeURIComponent(value.slice(1)))) {
        found.anchors.push(value);
      }
    }
    for (const child of element.children) visit(child, depth + 1);
  };
  visit(document.documentElement, 0);
  const root = document.scrollingElement;
  if (root && root.scrollWidth > root.clientWidth) {
    found.overflow.push(`the page is ${root.scrollWidth} px wide in ${root.clientWidth}`);
  }
  return found;
})()
