// Package notify tells people where a postmortem is: in a chat or another
// receiver of webhooks, and in a note on the PagerDuty incident.
//
// A webhook is told at most once. What has reached its server is never sent
// again unless that server itself says to come back; an error that leaves open
// whether the message arrived wraps [ErrMayHaveArrived]. A note is written once
// however often it is asked for, as PagerDuty tells which notes there are.
//
// Titles, summaries and facts are collected text. None of it can mention
// anybody, become a link or change a message's form.
package notify
