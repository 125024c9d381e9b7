package index

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The index is laid out once, as sections of plain text and links to documents.
// Each format escapes what it writes, in one place; see [markdownOf] and [pageOf].

type section struct {
	ID, Title string
	Text      []string // paragraphs
	Pictures  bool     // stand here
	Filter    bool     // its rows can be chosen
	Tables    []table
}

type table struct {
	Name    string // for those who do not see it
	Columns []column
	Rows    []row
}

type column struct {
	Name  string
	Right bool // figures
}

type row struct {
	Cells []cell
	of    *Incident // that can be filtered by
}

// cell is text or links.
type cell struct {
	Text  string
	Links []link
	More  string // behind the links
}

// link leads to a document.
type link struct {
	Text string
	To   *Incident
}

func plain(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

func to(i *Incident, text string) cell { return cell{Links: []link{{text, i}}} }

// columns of which the ones that begin with > hold figures.
func columns(names ...string) []column {
	list := make([]column, len(names))
	for i, name := range names {
		list[i].Name, list[i].Right = strings.CutPrefix(name, ">")
	}
	return list
}

// layout is the whole index.
func layout(c Collection, s Statistics) []section {
	sections := []section{
		overview(c, s),
		{ID: "date", Title: "By date", Filter: true, Tables: []table{byDate(c)}},
		{ID: "service", Title: "By service", Tables: []table{groups("Services", "Service", s.Services, func(name string) string { return name })}},
		{ID: "cause", Title: "By cause", Tables: []table{groups("Causes", "Cause", s.Causes, causeWords)}},
		byMonth(s),
		responseTimes(s),
		openActions(c, s.All),
	}
	if skipped := notRead(c); len(skipped.Tables) > 0 {
		sections = append(sections, skipped)
	}
	return slices.DeleteFunc(sections, func(s section) bool {
		return len(s.Text) == 0 && !slices.ContainsFunc(s.Tables, func(t table) bool { return len(t.Rows) > 0 })
	})
}

func overview(c Collection, s Statistics) section {
	out := section{ID: "overview", Title: "Overview", Pictures: true}
	if len(c.Incidents) == 0 {
		out.Text = []string{"There are no postmortems in this folder."}
		return out
	}
	first, last := c.Incidents[len(c.Incidents)-1].Date, c.Incidents[0].Date
	out.Text = []string{fmt.Sprintf("%s from %s to %s, in %s. All times are UTC. The figures are those of the documents; what a document does not state is unknown.",
		counted(len(c.Incidents), "incident"), day(first), day(last), counted(len(s.Services), "service"))}
	rows := []row{
		{Cells: plain("Incidents", strconv.Itoa(s.All.Incidents))},
		{Cells: plain("Requests saved by aborts", sum(s.All.RequestsSaved, count))},
		{Cells: plain("Open action items", openItems(s.All))},
	}
	out.Tables = []table{{Name: "Totals", Columns: columns("Figure", ">Value"), Rows: rows}}
	return out
}

func openItems(g Group) string {
	if g.ProposedActions == 0 {
		return strconv.Itoa(g.OpenActions)
	}
	return fmt.Sprintf("%d, of which %d proposed and not taken on", g.OpenActions, g.ProposedActions)
}

func byDate(c Collection) table {
	t := table{
		Name:    "Incidents by date",
		Columns: columns("Date", "Incident", "Service", "Cause", "Severity", "Status", ">Budget consumed", ">Requests saved", ">TTR", ">Open actions"),
	}
	for k := range c.Incidents {
		i := &c.Incidents[k]
		one := groupOf("", c.Incidents[k:k+1])
		cells := plain(day(i.Date), "", strings.Join(i.Services, ", "), causeWords(i.Cause), i.Severity, i.Status,
			budgets(one.Budgets, false, consumed), figure(i.RequestsSaved, count), figure(i.TTR, seconds), strconv.Itoa(len(i.Actions)))
		cells[1] = to(i, i.Title)
		for _, known := range []int{2, 4, 5} {
			cells[known].Text = cmp.Or(cells[known].Text, unknown)
		}
		t.Rows = append(t.Rows, row{Cells: cells, of: i})
	}
	return t
}

// groups is a table of groups with links to their documents, latest first.
func groups(name, what string, list []Group, words func(string) string) table {
	const most = 20
	t := table{Name: name, Columns: columns(what, ">Incidents", ">Budget consumed", ">Requests saved", ">Open actions", "Documents")}
	for _, g := range list {
		cells := plain(words(g.Name), strconv.Itoa(g.Incidents), budgets(g.Budgets, true, consumed), sum(g.RequestsSaved, count), strconv.Itoa(g.OpenActions), "")
		for k := range g.members[:min(most, len(g.members))] {
			i := &g.members[k]
			cells[5].Links = append(cells[5].Links, link{day(i.Date), i})
		}
		if more := len(g.members) - most; more > 0 {
			cells[5].More = fmt.Sprintf("and %d earlier", more)
		}
		t.Rows = append(t.Rows, row{Cells: cells})
	}
	return t
}

func byMonth(s Statistics) section {
	out := section{ID: "month", Title: "By month"}
	incidents := table{Name: "Incidents by month", Columns: columns("Month", ">Incidents", ">Requests saved", ">Open actions")}
	budget := table{Name: "Error budgets by month", Columns: columns("Month", "Objective", ">Incidents", ">Consumed", ">Saved")}
	for _, m := range s.Months {
		incidents.Rows = append(incidents.Rows, row{Cells: plain(m.Name, strconv.Itoa(m.Incidents), sum(m.RequestsSaved, count), strconv.Itoa(m.OpenActions))})
		for _, b := range m.Budgets {
			budget.Rows = append(budget.Rows, row{Cells: plain(m.Name, b.Objective, strconv.Itoa(b.Consumed.Of), sum(b.Consumed, percent), sum(b.Saved, percent))})
		}
	}
	out.Tables = []table{incidents, budget}
	if len(budget.Rows) > 0 {
		out.Text = []string{"Shares of the error budget are of each objective's own window, and cannot be added up over objectives. Saved is what the requests that an abort kept from failing would have consumed."}
	}
	return out
}

func responseTimes(s Statistics) section {
	t := table{Name: "Response times", Columns: columns("Measure", "Meaning", ">Known", ">Unknown", ">Median", ">Middle half", ">Longest", "Values")}
	for _, m := range []struct {
		name, meaning string
		spread        Spread
	}{
		{"TTD", "start of the impact to its detection", s.Measures.TTD},
		{"TTA", "page to its acknowledgement", s.Measures.TTA},
		{"TTM", "start to end of the impact", s.Measures.TTM},
		{"TTR", "start of the impact to its resolution", s.Measures.TTR},
	} {
		p := m.spread
		cells := plain(m.name, m.meaning, strconv.Itoa(p.N), strconv.Itoa(p.Unknown), "", "", "", "")
		if p.Median != nil {
			cells[4].Text, cells[6].Text = seconds(*p.Median), seconds(*p.Max)
			cells[5].Text = seconds(*p.Q1) + " to " + seconds(*p.Q3)
		} else {
			values := make([]string, len(p.Values))
			for i, v := range p.Values {
				values[i] = seconds(v)
			}
			cells[7].Text = cmp.Or(strings.Join(values, ", "), unknown)
		}
		t.Rows = append(t.Rows, row{Cells: cells})
	}
	if s.All.Incidents == 0 {
		t.Rows = nil
	}
	return section{ID: "response", Title: "Response times", Tables: []table{t}}
}

func openActions(c Collection, all Group) section {
	t := table{Name: "Open action items", Columns: columns("Action item", "Type", "Owner", "Due", "State", "Document")}
	for k := range c.Incidents {
		i := &c.Incidents[k]
		for _, a := range i.Actions {
			state := "open"
			if a.Proposed {
				state = "proposed"
			}
			cells := plain(a.Text, a.Type, cmp.Or(a.Owner, "not stated"), cmp.Or(a.Due, "not stated"), state, "")
			cells[5] = to(i, day(i.Date)+" "+cmp.Or(strings.Join(i.Services, ", "), i.Slug))
			t.Rows = append(t.Rows, row{Cells: cells})
		}
	}
	out := section{ID: "actions", Title: "Open action items", Tables: []table{t}}
	if all.ProposedActions > 0 {
		out.Text = []string{"An item is proposed as long as it begins with that word: debrief wrote it, and nobody has taken it on."}
	}
	return out
}

// notRead names the documents that are missing here.
func notRead(c Collection) section {
	t := table{Name: "Not read", Columns: columns("File", "What is the matter")}
	for _, s := range c.Skipped {
		if !s.Foreign {
			t.Rows = append(t.Rows, row{Cells: plain(s.File, s.Reason)})
		}
	}
	out := section{ID: "not-read", Title: "Not read", Tables: []table{t}}
	if len(t.Rows) == 0 {
		return section{}
	}
	out.Text = []string{"These files, or parts of them, are not in the figures above."}
	return out
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
