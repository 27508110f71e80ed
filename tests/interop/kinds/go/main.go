// The four kinds of call on grpc-go and gen/go: kinds serve | kinds call HOST:PORT. See ../../README.md.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "agentsandbox.dev/gen/go/agentsandbox/v1"
)

const (
	nChunks    = 1000
	nWrites    = 100
	writeBytes = 1000
	nRounds    = 20
)

type files struct {
	pb.UnimplementedFileServiceServer
}

func (files) Stat(_ context.Context, r *pb.StatRequest) (*pb.StatResponse, error) {
	if r.Path == "" {
		return nil, status.Error(codes.InvalidArgument, "path is empty")
	}
	return &pb.StatResponse{Info: &pb.FileInfo{Path: r.Path, SizeBytes: uint64(len(r.Path))}}, nil
}

func (files) Read(r *pb.ReadRequest, s grpc.ServerStreamingServer[pb.ReadResponse]) error {
	for i := range r.Length {
		if err := s.Send(&pb.ReadResponse{Offset: i, Data: fmt.Appendf(nil, "chunk %d", i)}); err != nil {
			return err
		}
	}
	return nil
}

func (files) Write(s grpc.ClientStreamingServer[pb.WriteRequest, pb.WriteResponse]) error {
	info := &pb.FileInfo{}
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(&pb.WriteResponse{Info: info})
		}
		if err != nil {
			return err
		}
		if open := r.GetOpen(); open != nil {
			info.Path = open.Path
		}
		info.SizeBytes += uint64(len(r.GetData()))
	}
}

type streams struct {
	pb.UnimplementedStreamServiceServer
}

func (streams) Attach(s grpc.BidiStreamingServer[pb.AttachRequest, pb.AttachResponse]) error {
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		output := &pb.OutputData{Offset: r.GetStdin().GetOffset(), Data: r.GetStdin().GetData()}
		if err := s.Send(&pb.AttachResponse{Kind: &pb.AttachResponse_Output{Output: output}}); err != nil {
			return err
		}
	}
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterFileServiceServer(server, files{})
	pb.RegisterStreamServiceServer(server, streams{})
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		server.Stop()
	}()
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

func callUnary(ctx context.Context, c pb.FileServiceClient) error {
	answer, err := c.Stat(ctx, &pb.StatRequest{Path: "/a/b"})
	if err != nil || answer.Info.Path != "/a/b" || answer.Info.SizeBytes != 4 {
		return fmt.Errorf("Stat: %v, %w", answer, err)
	}
	fmt.Println("unary")
	_, err = c.Stat(ctx, &pb.StatRequest{})
	if s := status.Convert(err); s.Code() != codes.InvalidArgument || s.Message() != "path is empty" {
		return fmt.Errorf("Stat of nothing: %w", err)
	}
	fmt.Println("error")
	return nil
}

func callRead(ctx context.Context, c pb.FileServiceClient) error {
	s, err := c.Read(ctx, &pb.ReadRequest{Path: "/a", Length: nChunks})
	if err != nil {
		return err
	}
	for i := range uint64(nChunks) {
		r, err := s.Recv()
		if err != nil || r.Offset != i || string(r.Data) != fmt.Sprintf("chunk %d", i) {
			return fmt.Errorf("Read: chunk %d: %v, %w", i, r, err)
		}
	}
	if _, err = s.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("Read: after the last: %w", err)
	}
	fmt.Println("server-streaming")
	return nil
}

func callWrite(ctx context.Context, c pb.FileServiceClient) error {
	s, err := c.Write(ctx)
	if err != nil {
		return err
	}
	open := &pb.WriteRequest_Open{Open: &pb.WriteOpen{Path: "/w"}}
	if err := s.Send(&pb.WriteRequest{Kind: open}); err != nil {
		return err
	}
	for range nWrites {
		data := &pb.WriteRequest_Data{Data: bytes.Repeat([]byte("x"), writeBytes)}
		if err := s.Send(&pb.WriteRequest{Kind: data}); err != nil {
			return err
		}
	}
	r, err := s.CloseAndRecv()
	if err != nil || r.Info.Path != "/w" || r.Info.SizeBytes != nWrites*writeBytes {
		return fmt.Errorf("Write: %v, %w", r, err)
	}
	fmt.Println("client-streaming")
	return nil
}

func callAttach(ctx context.Context, c pb.StreamServiceClient) error {
	s, err := c.Attach(ctx)
	if err != nil {
		return err
	}
	for i := range uint64(nRounds) {
		text := fmt.Sprintf("round %d", i)
		stdin := &pb.AttachRequest_Stdin{Stdin: &pb.StdinData{Offset: i, Data: []byte(text)}}
		if err := s.Send(&pb.AttachRequest{Kind: stdin}); err != nil {
			return err
		}
		r, err := s.Recv()
		if err != nil || r.GetOutput().GetOffset() != i || string(r.GetOutput().GetData()) != text {
			return fmt.Errorf("Attach: %s: %v, %w", text, r, err)
		}
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("Attach: after the last: %w", err)
	}
	fmt.Println("bidi")
	return nil
}

func call(target string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	fileClient := pb.NewFileServiceClient(conn)
	for _, step := range []func(context.Context, pb.FileServiceClient) error{callUnary, callRead, callWrite} {
		if err := step(ctx, fileClient); err != nil {
			return err
		}
	}
	if err := callAttach(ctx, pb.NewStreamServiceClient(conn)); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func main() {
	err := errors.New("usage: kinds serve | kinds call HOST:PORT")
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		err = serve()
	case len(os.Args) == 3 && os.Args[1] == "call":
		err = call(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kinds:", err)
		os.Exit(1)
	}
}
