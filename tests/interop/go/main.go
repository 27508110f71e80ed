// Agent Sandbox from Go: grpc-go and gen/go, nothing else.
//
//	client CONTROLLER ROUTER [POOL]
//
// Claims a sandbox, runs a command in it, talks with cat both ways, and releases it. Prints one line per step on
// stdout; any surprise ends it with exit code 1.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "agentsandbox.dev/gen/go/agentsandbox/v1"
)

const (
	rounds  = 20
	timeout = 60 * time.Second
)

func claimSandbox(ctx context.Context, claims pb.ClaimServiceClient, pool string) (*pb.Claim, error) {
	request := &pb.CreateClaimRequest{
		Namespace:       "default",
		RequestId:       "go-" + rand.Text(),
		Spec:            &pb.ClaimSpec{Source: &pb.ClaimSpec_Pool{Pool: pool}},
		DeleteOnFailure: true,
	}
	response, err := claims.CreateClaim(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("CreateClaim: %w", err)
	}
	again, err := claims.CreateClaim(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("CreateClaim again: %w", err)
	}
	if response.Existed || !again.Existed || again.Claim.Uid != response.Claim.Uid {
		return nil, fmt.Errorf("the same request_id twice: %v, %v", response, again)
	}
	if response.Claim.Phase != pb.ClaimPhase_CLAIM_PHASE_READY {
		return nil, fmt.Errorf("phase %v", response.Claim.Phase)
	}
	fmt.Printf("claimed %s: sandbox %s\n", response.Claim.Name, response.Claim.Sandbox.Name)
	return response.Claim, nil
}

func runCommand(ctx context.Context, execs pb.ExecServiceClient) error {
	response, err := execs.Run(ctx, &pb.RunRequest{
		Command: &pb.Command{Shell: "echo hello from the sandbox; cat; echo oops >&2; exit 3"},
		Stdin:   []byte("over stdin\n"),
	})
	if err != nil {
		return fmt.Errorf("Run: %w", err)
	}
	cause := response.Exec.Cause
	if string(response.Stdout) != "hello from the sandbox\nover stdin\n" || string(response.Stderr) != "oops\n" {
		return fmt.Errorf("stdout %q, stderr %q", response.Stdout, response.Stderr)
	}
	if cause.Kind != pb.CauseKind_CAUSE_KIND_EXITED || cause.ExitCode != 3 {
		return fmt.Errorf("cause %v", cause)
	}
	fmt.Println("ran a command")
	return nil
}

// A conversation with cat: what goes in comes out, at the offset where it should.
type cat struct {
	stream         grpc.BidiStreamingClient[pb.AttachRequest, pb.AttachResponse]
	sent, received uint64
}

func startCat(ctx context.Context, streams pb.StreamServiceClient) (*cat, error) {
	stream, err := streams.Attach(ctx)
	if err != nil {
		return nil, err
	}
	start := &pb.StartRequest{
		Command:      &pb.Command{Argv: []string{"cat"}, Stdin: true},
		OnDisconnect: pb.OnDisconnect_ON_DISCONNECT_KILL,
	}
	if err := stream.Send(&pb.AttachRequest{Kind: &pb.AttachRequest_Start{Start: start}}); err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if first.GetStarted().GetState() != pb.ExecState_EXEC_STATE_RUNNING {
		return nil, fmt.Errorf("first response %v", first)
	}
	return &cat{stream: stream}, nil
}

func (c *cat) stdin(data []byte, eof bool) error {
	stdin := &pb.StdinData{Offset: c.sent, Data: data, Eof: eof}
	c.sent += uint64(len(data))
	return c.stream.Send(&pb.AttachRequest{Kind: &pb.AttachRequest_Stdin{Stdin: stdin}})
}

// The next response that is no acknowledgement.
func (c *cat) next() (*pb.AttachResponse, error) {
	for {
		response, err := c.stream.Recv()
		if err != nil || response.GetStdinAck() == nil {
			return response, err
		}
	}
}

func (c *cat) hear(n int) (string, error) {
	var heard strings.Builder
	for heard.Len() < n {
		response, err := c.next()
		if err != nil {
			return "", err
		}
		output := response.GetOutput()
		if output.GetStream() != pb.OutputStream_OUTPUT_STREAM_STDOUT || output.GetOffset() != c.received {
			return "", fmt.Errorf("expected stdout at %d, got %v", c.received, response)
		}
		heard.Write(output.Data)
		c.received += uint64(len(output.Data))
	}
	return heard.String(), nil
}

func (c *cat) end() error {
	if err := c.stdin(nil, true); err != nil {
		return err
	}
	response, err := c.next()
	if err != nil {
		return err
	}
	exited := response.GetExited()
	if exited.GetCause().GetKind() != pb.CauseKind_CAUSE_KIND_EXITED || exited.Cause.ExitCode != 0 || exited.StdoutEnd != c.sent {
		return fmt.Errorf("last response %v", response)
	}
	if _, err := c.next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the last response: %v", err)
	}
	return c.stream.CloseSend()
}

func talkWithCat(ctx context.Context, streams pb.StreamServiceClient) error {
	c, err := startCat(ctx, streams)
	if err != nil {
		return fmt.Errorf("starting cat: %w", err)
	}
	for i := range rounds {
		line := fmt.Sprintf("round %d: %s\n", i, strings.Repeat("x", i))
		if err := c.stdin([]byte(line), false); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		heard, err := c.hear(len(line))
		if err != nil || heard != line {
			return fmt.Errorf("round %d: heard %q: %w", i, heard, err)
		}
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("the end of cat: %w", err)
	}
	fmt.Printf("talked with cat, %d rounds\n", rounds)
	return nil
}

func release(ctx context.Context, claims pb.ClaimServiceClient, claim *pb.Claim) error {
	_, err := claims.DeleteClaim(ctx, &pb.DeleteClaimRequest{Namespace: claim.Namespace, Name: claim.Name, Uid: claim.Uid, Wait: true})
	if err != nil {
		return fmt.Errorf("DeleteClaim: %w", err)
	}
	_, err = claims.GetClaim(ctx, &pb.GetClaimRequest{Namespace: claim.Namespace, Name: claim.Name})
	if status.Code(err) != codes.NotFound {
		return fmt.Errorf("the released claim: %w", err)
	}
	fmt.Println("released")
	return nil
}

func useSandbox(ctx context.Context, router *grpc.ClientConn, claim *pb.Claim) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-sandbox-id", claim.Sandbox.Name, "x-sandbox-namespace", claim.Namespace)
	return errors.Join(runCommand(ctx, pb.NewExecServiceClient(router)), talkWithCat(ctx, pb.NewStreamServiceClient(router)))
}

func checkUnknown(ctx context.Context, router *grpc.ClientConn) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-sandbox-id", "no-such-sandbox", "x-sandbox-namespace", "default")
	_, err := pb.NewExecServiceClient(router).List(ctx, &pb.ListExecsRequest{})
	if status.Code(err) != codes.NotFound || status.Convert(err).Message() == "" {
		return fmt.Errorf("a sandbox that is not there: %w", err)
	}
	return nil
}

func run(controllerTarget, routerTarget, pool string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()

	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	controller, err := grpc.NewClient(controllerTarget, plain)
	if err != nil {
		return err
	}
	defer controller.Close()
	router, err := grpc.NewClient(routerTarget, plain)
	if err != nil {
		return err
	}
	defer router.Close()

	claims := pb.NewClaimServiceClient(controller)
	claim, err := claimSandbox(ctx, claims, pool)
	if err != nil {
		return err
	}
	return errors.Join(useSandbox(ctx, router, claim), release(ctx, claims, claim), checkUnknown(ctx, router))
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: client CONTROLLER ROUTER [POOL]")
		os.Exit(2)
	}
	pool := "python-sandbox-warmpool"
	if len(os.Args) == 4 {
		pool = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], pool); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok")
}
