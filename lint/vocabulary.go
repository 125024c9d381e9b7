package lint

import "strings"

// The words that the rules know. They are closed lists on purpose: a rule that
// guesses about open ones would blame machines for what people are meant by.

type wordSet map[string]bool

func set(words string) wordSet {
	s := wordSet{}
	for w := range strings.FieldsSeq(words) {
		s[w] = true
	}
	return s
}

func (s wordSet) plus(more wordSet) wordSet {
	all := wordSet{}
	for w := range s {
		all[w] = true
	}
	for w := range more {
		all[w] = true
	}
	return all
}

var (
	determiners = set("the a an this that these those our their his her its my your one another some every each any two three several both")
	negations   = set("not no never nobody none neither nor without hardly")
	auxiliaries = set("had has have did 've 'd")
	modals      = set("can could may might must shall should will would cannot to")
	be          = set("is was were are be been being am")

	prepositions = set(`in on at of from for with by to into onto during after before since until about against
		under over through between among within without via per as than despite like near following upon toward towards across around`)
	conjunctions = set("and but or so nor yet then because since as after before when while if unless that which whom who whose once until although though whether where how why what whenever plus & - – —")
	// subordinators begin a clause whose verbs have a subject of their own.
	subordinators = set("that which who whom whose because since as when while if unless until where whether how why what after before once so")
	// hypotheses make a sentence about what can happen, not about what did.
	hypotheses = set("if unless whenever whether")
	clauseMark = set(", ; : ( ) [ ] – — - / | . ! ?")

	adverbWords = set("also then later earlier again already just even once twice soon still almost now here there today yesterday meanwhile instead thus hence therefore afterwards subsequently first next finally somehow all both each themselves himself herself itself")
	notAdverbs  = set("family supply apply reply assembly anomaly july monopoly multiply comply rely fly ally")

	// slips are the adverbs that say a person's act was a mistake. Those that
	// judge the person, such as carelessly, have a rule of their own.
	slips = set("accidentally mistakenly erroneously inadvertently unintentionally wrongly incorrectly improperly")
	// meant are those that say it was a decision.
	meant = set("deliberately intentionally explicitly purposely consciously knowingly rightly correctly")

	// pastVerbs are the irregular ones after which "and" shares the subject.
	pastVerbs = set(`ran made took set put began went did wrote sent saw found left kept thought chose brought got gave
		knew read came built cut shut woke held told meant lost had was were drew hit let spent stood understood rebuilt`)
	// participles are the irregular ones after "should have".
	participles = set(`been caught seen known done made taken given gone run set put kept left built found begun brought
		thought told written shown read had come become got gotten held meant paid said sent spent stood understood
		broken chosen driven fallen forgotten frozen hidden spoken stolen thrown worn drawn grown cut hit let shut split spread
		led lost won stuck overridden undone rebuilt reset withstood foreseen`)
	// adjectival look like participles but often stand before a noun: "should
	// have automated tests" demands tests.
	adjectival = set(`automated dedicated distributed shared managed documented defined limited named detailed scheduled
		weighted replicated tested encrypted configured required improved unlimited increased written hidden set
		advanced combined fixed reserved provisioned versioned signed staged isolated separated centralized bounded read`)
)

func isAdverb(w string) bool {
	return adverbWords[w] || len(w) > 4 && strings.HasSuffix(w, "ly") && !notAdverbs[w]
}

func isParticiple(w string) bool {
	return participles[w] || len(w) > 3 && strings.HasSuffix(w, "ed")
}

// isFunction tells whether a word can stand right after a noun phrase but not
// be part of it, so that the noun before it is its head.
func isFunction(w string) bool {
	return w == "" || determiners[w] || prepositions[w] || conjunctions[w] || auxiliaries[w] || modals[w] || be[w] ||
		negations[w] || clauseMark[w] || pronouns[w] || isAdverb(w) || w == "\n" || w == "\""
}

// Who is a person. Customers and users are not in these lists: that many of
// them came is a fact about load, and nobody blames them for it.
var (
	pronouns = set("he she i we you they it him them us me")
	persons  = set(`engineer engineers developer developers programmer programmers dev devs sre sres dba dbas oncaller oncallers
		technician technicians contractor contractors intern interns employee employees colleague colleagues coworker coworkers
		teammate teammates trainee trainees person people someone somebody everyone everybody human humans author authors
		reviewer reviewers approver approvers maintainer maintainers administrator administrators sysadmin sysadmins admin admins
		staff newcomer newcomers individual individuals architect architects consultant consultants supervisor supervisors
		operator operators responder responders deployer deployers committer committers commander`)
	groups = set("team teams squad squads crew department")
	// roleHeads name people only together with one of the words before them:
	// there are package managers and lock owners too.
	roleHeads = map[string]wordSet{
		"manager": set("engineering product release incident change duty project team call"),
		"lead":    set("team tech technical engineering incident project"),
		"leads":   set("team tech technical engineering incident project"),
		"member":  set("team staff crew"), "members": set("team staff crew"),
		"owner": set("service code team product"), "owners": set("service code team product"),
		"hire": set("new recent"), "hires": set("new recent"),
		"commander": set("incident"),
	}
	// strictHeads are also the names of programs: a Kubernetes operator, an
	// OCSP responder. Only these words may stand between determiner and head.
	strictHeads = set("operator operators responder responders deployer deployers admin admins author authors maintainer maintainers administrator administrators individual individuals dev devs")
	plainBefore = set(`on call duty human primary secondary first second shift night day system systems network database
		platform cluster site new junior senior tired experienced inexperienced unnamed other same cloud production responsible`)
	// programs make a Kubernetes operator's error out of an operator error.
	programs = set(`kubernetes k8s prometheus postgres postgresql kafka strimzi redis mysql elastic eck vault istio etcd olm argo
		flink spark rabbitmq mongodb cassandra grafana loki tempo thanos elasticsearch flux tekton knative rook ceph
		nats cnpg zalando percona vitess airflow ray mpi training gpu nvidia sriov cilium calico metallb logical boolean
		ternary comparison sql promql unary binary assignment arithmetic overload pipe null range telecom`)
	beforePeople = set("on call primary secondary junior senior duty sre devops platform incident lead staff principal site reliability backend frontend release database network software support human inexperienced experienced new")
)
