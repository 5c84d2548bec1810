// A foreign ESME for `python -m bench smpp`: gosmpp, with a window of our own in front.
//
//	gosmpp PORT WINDOW PDUS ROUNDS
//
// It prints the seconds of each round as one line of JSON, and leaves without unbinding: an echo would not answer that.
// gosmpp's own window tracking is left out: it costs time, and what is asked is how fast the library can be.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

const text = "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00"

func main() {
	log.SetFlags(0)
	var numbers [4]int
	for i := range numbers {
		numbers[i] = number(os.Args[i+1])
	}
	port, window, pdus, rounds := numbers[0], numbers[1], numbers[2], numbers[3]
	room := make(chan struct{}, window)
	session := bind(port, func() { <-room })

	seconds := make([]float64, rounds)
	for i := range seconds {
		seconds[i] = pour(session, room, pdus)
	}
	if err := json.NewEncoder(os.Stdout).Encode(seconds); err != nil {
		log.Fatal(err)
	}
}

func number(word string) int {
	value, err := strconv.Atoi(word)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func bind(port int, answered func()) *gosmpp.Session {
	auth := gosmpp.Auth{SMSC: fmt.Sprintf("127.0.0.1:%d", port), SystemID: "bench"}
	settings := gosmpp.Settings{
		EnquireLink: time.Minute,
		ReadTimeout: 2 * time.Minute,
		OnPDU: func(p pdu.PDU, _ bool) {
			if _, ok := p.(*pdu.SubmitSMResp); ok {
				answered()
			}
		},
		OnSubmitError:    func(_ pdu.PDU, err error) { log.Fatal(err) },
		OnReceivingError: func(err error) { log.Fatal(err) },
	}
	session, err := gosmpp.NewSession(gosmpp.TRXConnector(gosmpp.NonTLSDialer, auth), settings, 0)
	if err != nil {
		log.Fatal(err)
	}
	return session
}

// pour sends so many and waits until the last one is answered.
func pour(session *gosmpp.Session, room chan struct{}, pdus int) float64 {
	begun := time.Now()
	for i := 0; i < pdus; i++ {
		room <- struct{}{}
		if err := session.Transceiver().Submit(message()); err != nil {
			log.Fatal(err)
		}
	}
	for i := 0; i < cap(room); i++ {
		room <- struct{}{}
	}
	for i := 0; i < cap(room); i++ {
		<-room
	}
	return time.Since(begun).Seconds()
}

func message() *pdu.SubmitSM {
	p := pdu.NewSubmitSM().(*pdu.SubmitSM)
	must(p.SourceAddr.SetAddress("KBank"))
	p.SourceAddr.SetTon(5)
	must(p.DestAddr.SetAddress("66812345678"))
	p.DestAddr.SetTon(1)
	p.DestAddr.SetNpi(1)
	p.RegisteredDelivery = 1
	must(p.Message.SetMessageWithEncoding(text, data.GSM7BIT))
	return p
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
