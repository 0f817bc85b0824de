// One person whose media is Pion's: sends the frames of a recording, and keeps what comes.
//
//	pion recording.json udp|tcp
//
// Spoken to by lines of JSON (see the Python package above).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

type request struct {
	Offer string            `json:"offer"`
	Sends map[string]string `json:"sends"`
}

// What the person sends: whole frames of each codec.
type recording struct {
	Opus [][]byte `json:"opus"`
	VP8  [][]byte `json:"vp8"`
}

type stream struct {
	Frames int      `json:"frames"`
	Opus   [][]byte `json:"opus,omitempty"`
}

type person struct {
	sync.Mutex
	plays   recording
	pc      *webrtc.PeerConnection
	sending map[string]bool
	heard   map[string]*stream
}

func main() {
	engine := webrtc.SettingEngine{}
	if os.Args[2] == "tcp" {
		engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	p := &person{pc: pc, sending: map[string]bool{}, heard: map[string]*stream{}}
	file, err := os.ReadFile(os.Args[1])
	must(err)
	must(json.Unmarshal(file, &p.plays))
	pc.OnTrack(p.listen)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked request
		must(json.Unmarshal(lines.Bytes(), &asked))
		if asked.Offer == "" {
			say(p.report())
		} else if sdp, err := p.answer(asked); err != nil {
			say(map[string]string{"error": err.Error()})
		} else {
			say(map[string]string{"answer": sdp})
		}
	}
	must(pc.Close())
}

func (p *person) answer(asked request) (string, error) {
	for _, transceiver := range p.pc.GetTransceivers() {
		mid := transceiver.Mid()
		if _, may := asked.Sends[mid]; !may && p.sending[mid] {
			if err := p.pc.RemoveTrack(transceiver.Sender()); err != nil {
				return "", err
			}
			p.sending[mid] = false
		}
	}
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: asked.Offer}
	if err := p.pc.SetRemoteDescription(offer); err != nil {
		return "", err
	}
	for _, transceiver := range p.pc.GetTransceivers() {
		mid := transceiver.Mid()
		if source, may := asked.Sends[mid]; may && !p.sending[mid] {
			if err := p.send(transceiver, source); err != nil {
				return "", err
			}
			p.sending[mid] = true
		}
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return p.pc.LocalDescription().SDP, nil
}

// Pion chooses among payload types of one codec by its parameters.
const stereo = "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000"

func (p *person) send(transceiver *webrtc.RTPTransceiver, source string) error {
	mime, frames, each := webrtc.MimeTypeVP8, p.plays.VP8, 100*time.Millisecond
	if transceiver.Kind() == webrtc.RTPCodecTypeAudio {
		mime, frames, each = webrtc.MimeTypeOpus, p.plays.Opus, 20*time.Millisecond
	}
	mid := transceiver.Mid()
	codec := webrtc.RTPCodecCapability{MimeType: mime}
	if strings.HasPrefix(source, "screen_audio") {
		codec.SDPFmtpLine = stereo
	}
	track, err := webrtc.NewTrackLocalStaticSample(codec, "t"+mid, "s"+mid)
	if err != nil {
		return err
	}
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		return err
	}
	if transceiver.Sender() != sender {
		return fmt.Errorf("the track went elsewhere than to %s", mid)
	}
	go play(track, frames, each)
	go func() {
		for {
			if _, _, err := sender.ReadRTCP(); err != nil {
				return
			}
		}
	}()
	return nil
}

// play sends the frames again and again.
func play(track *webrtc.TrackLocalStaticSample, frames [][]byte, each time.Duration) {
	tick := time.NewTicker(each)
	defer tick.Stop()
	for number := 0; ; number++ {
		<-tick.C
		_ = track.WriteSample(media.Sample{Data: frames[number%len(frames)], Duration: each})
	}
}

func (p *person) listen(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := ""
	for _, transceiver := range p.pc.GetTransceivers() {
		if transceiver.Receiver() == receiver {
			mid = transceiver.Mid()
		}
	}
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		p.Lock()
		into := p.heard[mid]
		if into == nil {
			into = &stream{}
			p.heard[mid] = into
		}
		into.Frames++
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			into.Opus = append(into.Opus, packet.Payload)
			into.Opus = into.Opus[max(0, len(into.Opus)-25):]
		}
		p.Unlock()
	}
}

func (p *person) report() map[string]any {
	p.Lock()
	defer p.Unlock()
	return map[string]any{"state": p.pc.ConnectionState().String(), "streams": p.heard}
}

func say(words any) {
	line, err := json.Marshal(words)
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
