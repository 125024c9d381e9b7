// Reads documents and says what is in them: one JSON request per line on
// standard input, {"markdown": text} or {"html": text}, one JSON answer each.
// The libraries are pinned in ../servers/readers.
import { createInterface } from "node:readline";
import { HtmlValidate } from "html-validate";
import remarkFrontmatter from "remark-frontmatter";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { parse as parseYAML } from "yaml";

// Rules that are off, and why. All others of the three sets are on.
const validator = new HtmlValidate({
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    // Matters of taste, not of validity.
    "no-trailing-whitespace": "off", // text of sources may end lines with spaces inside <pre>
    "void-style": "off", // goldmark and gonum write <hr /> and <hr>, which are the same in HTML
    "long-title": "off", // a title is as long as the rollout's name
    "valid-id": ["error", { relaxed: true }], // since HTML 5 an id may begin with a digit; headings do
    "no-inline-style": "off", // the page's policy forbids what could harm; svg uses style for its own
  },
});

const markdown = unified().use(remarkParse).use(remarkGfm).use(remarkFrontmatter, ["yaml"]);

// Blocks whose order is the document's outline. Emphasis and code in lines are
// left out: a string with a pipe is shown as text where another is code.
const blocks = new Set(["heading", "table", "tableRow", "tableCell", "list", "listItem", "blockquote", "code", "html", "thematicBreak", "yaml", "paragraph"]);

function readMarkdown(text) {
  const found = { outline: [], headings: [], tables: [], links: [], html: [], code: [], mentions: [], frontMatter: null };
  const visit = (node, depth) => {
    if (blocks.has(node.type)) found.outline.push(" ".repeat(depth) + node.type + (node.depth ?? ""));
    switch (node.type) {
      case "heading":
        found.headings.push(`${node.depth} ${plain(node)}`);
        break;
      case "table":
        found.tables.push({ head: node.children[0].children.map(plain), columns: node.children.map((row) => row.children.length) });
        break;
      case "link": case "image": case "definition":
        found.links.push(`${node.type} ${node.url}`);
        break;
      case "linkReference": case "imageReference": case "footnoteReference": case "footnoteDefinition":
        found.links.push(`${node.type} ${node.identifier}`);
        break;
      case "html":
        found.html.push(node.value);
        break;
      case "code":
        found.code.push({ lang: node.lang ?? "", text: node.value });
        break;
      case "yaml":
        found.frontMatter = parseYAML(node.value);
        break;
      case "text":
        found.mentions.push(...node.value.match(mention) ?? []);
        break;
    }
    for (const child of node.children ?? []) visit(child, depth + 1);
  };
  visit(markdown.parse(text), 0);
  return found;
}

// What GitHub makes a link of in plain text, whatever the Markdown: people,
// teams, issues, pull requests and commits of other repositories.
const mention = /(?<![\p{L}\p{N}_`/&])(?:@[A-Za-z0-9][A-Za-z0-9-]*|(?:[A-Za-z0-9-]+\/[\w.-]+)?#\d+|GH-\d+|[A-Za-z0-9-]+\/[\w.-]+@[0-9a-f]{7,40})(?![\p{L}\p{N}_])/gu;

function plain(node) {
  return node.value ?? (node.children ?? []).map(plain).join("");
}

function readHTML(text) {
  const report = validator.validateStringSync(text);
  return { findings: report.results.flatMap((r) => r.messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = request.markdown !== undefined ? readMarkdown(request.markdown) : readHTML(request.html);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
