package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
 * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class FileServiceGrpc {

  private FileServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.FileService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.StatRequest,
      dev.agentsandbox.v1.StatResponse> getStatMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Stat",
      requestType = dev.agentsandbox.v1.StatRequest.class,
      responseType = dev.agentsandbox.v1.StatResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.StatRequest,
      dev.agentsandbox.v1.StatResponse> getStatMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.StatRequest, dev.agentsandbox.v1.StatResponse> getStatMethod;
    if ((getStatMethod = FileServiceGrpc.getStatMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getStatMethod = FileServiceGrpc.getStatMethod) == null) {
          FileServiceGrpc.getStatMethod = getStatMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.StatRequest, dev.agentsandbox.v1.StatResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Stat"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StatRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StatResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Stat"))
              .build();
        }
      }
    }
    return getStatMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListFilesRequest,
      dev.agentsandbox.v1.ListFilesResponse> getListMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "List",
      requestType = dev.agentsandbox.v1.ListFilesRequest.class,
      responseType = dev.agentsandbox.v1.ListFilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListFilesRequest,
      dev.agentsandbox.v1.ListFilesResponse> getListMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListFilesRequest, dev.agentsandbox.v1.ListFilesResponse> getListMethod;
    if ((getListMethod = FileServiceGrpc.getListMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getListMethod = FileServiceGrpc.getListMethod) == null) {
          FileServiceGrpc.getListMethod = getListMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListFilesRequest, dev.agentsandbox.v1.ListFilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "List"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListFilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListFilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("List"))
              .build();
        }
      }
    }
    return getListMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ReadRequest,
      dev.agentsandbox.v1.ReadResponse> getReadMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Read",
      requestType = dev.agentsandbox.v1.ReadRequest.class,
      responseType = dev.agentsandbox.v1.ReadResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ReadRequest,
      dev.agentsandbox.v1.ReadResponse> getReadMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ReadRequest, dev.agentsandbox.v1.ReadResponse> getReadMethod;
    if ((getReadMethod = FileServiceGrpc.getReadMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getReadMethod = FileServiceGrpc.getReadMethod) == null) {
          FileServiceGrpc.getReadMethod = getReadMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ReadRequest, dev.agentsandbox.v1.ReadResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Read"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ReadRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ReadResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Read"))
              .build();
        }
      }
    }
    return getReadMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WriteRequest,
      dev.agentsandbox.v1.WriteResponse> getWriteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Write",
      requestType = dev.agentsandbox.v1.WriteRequest.class,
      responseType = dev.agentsandbox.v1.WriteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.CLIENT_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WriteRequest,
      dev.agentsandbox.v1.WriteResponse> getWriteMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WriteRequest, dev.agentsandbox.v1.WriteResponse> getWriteMethod;
    if ((getWriteMethod = FileServiceGrpc.getWriteMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getWriteMethod = FileServiceGrpc.getWriteMethod) == null) {
          FileServiceGrpc.getWriteMethod = getWriteMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WriteRequest, dev.agentsandbox.v1.WriteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.CLIENT_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Write"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WriteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WriteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Write"))
              .build();
        }
      }
    }
    return getWriteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveRequest,
      dev.agentsandbox.v1.RemoveResponse> getRemoveMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Remove",
      requestType = dev.agentsandbox.v1.RemoveRequest.class,
      responseType = dev.agentsandbox.v1.RemoveResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveRequest,
      dev.agentsandbox.v1.RemoveResponse> getRemoveMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveRequest, dev.agentsandbox.v1.RemoveResponse> getRemoveMethod;
    if ((getRemoveMethod = FileServiceGrpc.getRemoveMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getRemoveMethod = FileServiceGrpc.getRemoveMethod) == null) {
          FileServiceGrpc.getRemoveMethod = getRemoveMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RemoveRequest, dev.agentsandbox.v1.RemoveResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Remove"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RemoveRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RemoveResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Remove"))
              .build();
        }
      }
    }
    return getRemoveMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenameRequest,
      dev.agentsandbox.v1.RenameResponse> getRenameMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Rename",
      requestType = dev.agentsandbox.v1.RenameRequest.class,
      responseType = dev.agentsandbox.v1.RenameResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenameRequest,
      dev.agentsandbox.v1.RenameResponse> getRenameMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RenameRequest, dev.agentsandbox.v1.RenameResponse> getRenameMethod;
    if ((getRenameMethod = FileServiceGrpc.getRenameMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getRenameMethod = FileServiceGrpc.getRenameMethod) == null) {
          FileServiceGrpc.getRenameMethod = getRenameMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RenameRequest, dev.agentsandbox.v1.RenameResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Rename"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RenameRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RenameResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Rename"))
              .build();
        }
      }
    }
    return getRenameMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.MakeDirectoryRequest,
      dev.agentsandbox.v1.MakeDirectoryResponse> getMakeDirectoryMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "MakeDirectory",
      requestType = dev.agentsandbox.v1.MakeDirectoryRequest.class,
      responseType = dev.agentsandbox.v1.MakeDirectoryResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.MakeDirectoryRequest,
      dev.agentsandbox.v1.MakeDirectoryResponse> getMakeDirectoryMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.MakeDirectoryRequest, dev.agentsandbox.v1.MakeDirectoryResponse> getMakeDirectoryMethod;
    if ((getMakeDirectoryMethod = FileServiceGrpc.getMakeDirectoryMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getMakeDirectoryMethod = FileServiceGrpc.getMakeDirectoryMethod) == null) {
          FileServiceGrpc.getMakeDirectoryMethod = getMakeDirectoryMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.MakeDirectoryRequest, dev.agentsandbox.v1.MakeDirectoryResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "MakeDirectory"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.MakeDirectoryRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.MakeDirectoryResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("MakeDirectory"))
              .build();
        }
      }
    }
    return getMakeDirectoryMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchFilesRequest,
      dev.agentsandbox.v1.WatchFilesResponse> getWatchMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Watch",
      requestType = dev.agentsandbox.v1.WatchFilesRequest.class,
      responseType = dev.agentsandbox.v1.WatchFilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchFilesRequest,
      dev.agentsandbox.v1.WatchFilesResponse> getWatchMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchFilesRequest, dev.agentsandbox.v1.WatchFilesResponse> getWatchMethod;
    if ((getWatchMethod = FileServiceGrpc.getWatchMethod) == null) {
      synchronized (FileServiceGrpc.class) {
        if ((getWatchMethod = FileServiceGrpc.getWatchMethod) == null) {
          FileServiceGrpc.getWatchMethod = getWatchMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WatchFilesRequest, dev.agentsandbox.v1.WatchFilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Watch"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchFilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchFilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new FileServiceMethodDescriptorSupplier("Watch"))
              .build();
        }
      }
    }
    return getWatchMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static FileServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<FileServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<FileServiceStub>() {
        @java.lang.Override
        public FileServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new FileServiceStub(channel, callOptions);
        }
      };
    return FileServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static FileServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<FileServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<FileServiceBlockingV2Stub>() {
        @java.lang.Override
        public FileServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new FileServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return FileServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static FileServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<FileServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<FileServiceBlockingStub>() {
        @java.lang.Override
        public FileServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new FileServiceBlockingStub(channel, callOptions);
        }
      };
    return FileServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static FileServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<FileServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<FileServiceFutureStub>() {
        @java.lang.Override
        public FileServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new FileServiceFutureStub(channel, callOptions);
        }
      };
    return FileServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * One file. Errors: NOT_FOUND (FileNotFound).
     * </pre>
     */
    default void stat(dev.agentsandbox.v1.StatRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StatResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStatMethod(), responseObserver);
    }

    /**
     * <pre>
     * A folder, in portions. Errors: FAILED_PRECONDITION (NotADirectory).
     * </pre>
     */
    default void list(dev.agentsandbox.v1.ListFilesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListFilesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListMethod(), responseObserver);
    }

    /**
     * <pre>
     * From an offset to the end or to a length, in chunks.
     * </pre>
     */
    default void read(dev.agentsandbox.v1.ReadRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ReadResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReadMethod(), responseObserver);
    }

    /**
     * <pre>
     * The first request is open; the file takes its name only when the last chunk is there.
     * </pre>
     */
    default io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WriteRequest> write(
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WriteResponse> responseObserver) {
      return io.grpc.stub.ServerCalls.asyncUnimplementedStreamingCall(getWriteMethod(), responseObserver);
    }

    /**
     * <pre>
     * A file, or with recursive a folder with all that is in it.
     * </pre>
     */
    default void remove(dev.agentsandbox.v1.RemoveRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRemoveMethod(), responseObserver);
    }

    /**
     * <pre>
     * In one step; what has the new name is replaced unless exclusive.
     * </pre>
     */
    default void rename(dev.agentsandbox.v1.RenameRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenameResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRenameMethod(), responseObserver);
    }

    /**
     * <pre>
     * A folder. It is no error when it is there already.
     * </pre>
     */
    default void makeDirectory(dev.agentsandbox.v1.MakeDirectoryRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.MakeDirectoryResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getMakeDirectoryMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes below a folder until the call is cancelled.
     * </pre>
     */
    default void watch(dev.agentsandbox.v1.WatchFilesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchFilesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service FileService.
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public static abstract class FileServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return FileServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service FileService.
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public static final class FileServiceStub
      extends io.grpc.stub.AbstractAsyncStub<FileServiceStub> {
    private FileServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected FileServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new FileServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * One file. Errors: NOT_FOUND (FileNotFound).
     * </pre>
     */
    public void stat(dev.agentsandbox.v1.StatRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StatResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getStatMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * A folder, in portions. Errors: FAILED_PRECONDITION (NotADirectory).
     * </pre>
     */
    public void list(dev.agentsandbox.v1.ListFilesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListFilesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getListMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * From an offset to the end or to a length, in chunks.
     * </pre>
     */
    public void read(dev.agentsandbox.v1.ReadRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ReadResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getReadMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The first request is open; the file takes its name only when the last chunk is there.
     * </pre>
     */
    public io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WriteRequest> write(
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WriteResponse> responseObserver) {
      return io.grpc.stub.ClientCalls.asyncClientStreamingCall(
          getChannel().newCall(getWriteMethod(), getCallOptions()), responseObserver);
    }

    /**
     * <pre>
     * A file, or with recursive a folder with all that is in it.
     * </pre>
     */
    public void remove(dev.agentsandbox.v1.RemoveRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRemoveMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * In one step; what has the new name is replaced unless exclusive.
     * </pre>
     */
    public void rename(dev.agentsandbox.v1.RenameRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenameResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRenameMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * A folder. It is no error when it is there already.
     * </pre>
     */
    public void makeDirectory(dev.agentsandbox.v1.MakeDirectoryRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.MakeDirectoryResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getMakeDirectoryMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes below a folder until the call is cancelled.
     * </pre>
     */
    public void watch(dev.agentsandbox.v1.WatchFilesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchFilesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service FileService.
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public static final class FileServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<FileServiceBlockingV2Stub> {
    private FileServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected FileServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new FileServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * One file. Errors: NOT_FOUND (FileNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.StatResponse stat(dev.agentsandbox.v1.StatRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getStatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * A folder, in portions. Errors: FAILED_PRECONDITION (NotADirectory).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.ListFilesResponse>
        list(dev.agentsandbox.v1.ListFilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * From an offset to the end or to a length, in chunks.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.ReadResponse>
        read(dev.agentsandbox.v1.ReadRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getReadMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The first request is open; the file takes its name only when the last chunk is there.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<dev.agentsandbox.v1.WriteRequest, dev.agentsandbox.v1.WriteResponse>
        write() {
      return io.grpc.stub.ClientCalls.blockingClientStreamingCall(
          getChannel(), getWriteMethod(), getCallOptions());
    }

    /**
     * <pre>
     * A file, or with recursive a folder with all that is in it.
     * </pre>
     */
    public dev.agentsandbox.v1.RemoveResponse remove(dev.agentsandbox.v1.RemoveRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRemoveMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In one step; what has the new name is replaced unless exclusive.
     * </pre>
     */
    public dev.agentsandbox.v1.RenameResponse rename(dev.agentsandbox.v1.RenameRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRenameMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * A folder. It is no error when it is there already.
     * </pre>
     */
    public dev.agentsandbox.v1.MakeDirectoryResponse makeDirectory(dev.agentsandbox.v1.MakeDirectoryRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getMakeDirectoryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes below a folder until the call is cancelled.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.WatchFilesResponse>
        watch(dev.agentsandbox.v1.WatchFilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service FileService.
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public static final class FileServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<FileServiceBlockingStub> {
    private FileServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected FileServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new FileServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * One file. Errors: NOT_FOUND (FileNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.StatResponse stat(dev.agentsandbox.v1.StatRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getStatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * A folder, in portions. Errors: FAILED_PRECONDITION (NotADirectory).
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.ListFilesResponse> list(
        dev.agentsandbox.v1.ListFilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * From an offset to the end or to a length, in chunks.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.ReadResponse> read(
        dev.agentsandbox.v1.ReadRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getReadMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * A file, or with recursive a folder with all that is in it.
     * </pre>
     */
    public dev.agentsandbox.v1.RemoveResponse remove(dev.agentsandbox.v1.RemoveRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRemoveMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In one step; what has the new name is replaced unless exclusive.
     * </pre>
     */
    public dev.agentsandbox.v1.RenameResponse rename(dev.agentsandbox.v1.RenameRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRenameMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * A folder. It is no error when it is there already.
     * </pre>
     */
    public dev.agentsandbox.v1.MakeDirectoryResponse makeDirectory(dev.agentsandbox.v1.MakeDirectoryRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getMakeDirectoryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes below a folder until the call is cancelled.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.WatchFilesResponse> watch(
        dev.agentsandbox.v1.WatchFilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service FileService.
   * <pre>
   * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
   * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
   * </pre>
   */
  public static final class FileServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<FileServiceFutureStub> {
    private FileServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected FileServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new FileServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * One file. Errors: NOT_FOUND (FileNotFound).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.StatResponse> stat(
        dev.agentsandbox.v1.StatRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getStatMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * A file, or with recursive a folder with all that is in it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RemoveResponse> remove(
        dev.agentsandbox.v1.RemoveRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRemoveMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * In one step; what has the new name is replaced unless exclusive.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RenameResponse> rename(
        dev.agentsandbox.v1.RenameRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRenameMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * A folder. It is no error when it is there already.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.MakeDirectoryResponse> makeDirectory(
        dev.agentsandbox.v1.MakeDirectoryRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getMakeDirectoryMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_STAT = 0;
  private static final int METHODID_LIST = 1;
  private static final int METHODID_READ = 2;
  private static final int METHODID_REMOVE = 3;
  private static final int METHODID_RENAME = 4;
  private static final int METHODID_MAKE_DIRECTORY = 5;
  private static final int METHODID_WATCH = 6;
  private static final int METHODID_WRITE = 7;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_STAT:
          serviceImpl.stat((dev.agentsandbox.v1.StatRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StatResponse>) responseObserver);
          break;
        case METHODID_LIST:
          serviceImpl.list((dev.agentsandbox.v1.ListFilesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListFilesResponse>) responseObserver);
          break;
        case METHODID_READ:
          serviceImpl.read((dev.agentsandbox.v1.ReadRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ReadResponse>) responseObserver);
          break;
        case METHODID_REMOVE:
          serviceImpl.remove((dev.agentsandbox.v1.RemoveRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveResponse>) responseObserver);
          break;
        case METHODID_RENAME:
          serviceImpl.rename((dev.agentsandbox.v1.RenameRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RenameResponse>) responseObserver);
          break;
        case METHODID_MAKE_DIRECTORY:
          serviceImpl.makeDirectory((dev.agentsandbox.v1.MakeDirectoryRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.MakeDirectoryResponse>) responseObserver);
          break;
        case METHODID_WATCH:
          serviceImpl.watch((dev.agentsandbox.v1.WatchFilesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchFilesResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_WRITE:
          return (io.grpc.stub.StreamObserver<Req>) serviceImpl.write(
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WriteResponse>) responseObserver);
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getStatMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.StatRequest,
              dev.agentsandbox.v1.StatResponse>(
                service, METHODID_STAT)))
        .addMethod(
          getListMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListFilesRequest,
              dev.agentsandbox.v1.ListFilesResponse>(
                service, METHODID_LIST)))
        .addMethod(
          getReadMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ReadRequest,
              dev.agentsandbox.v1.ReadResponse>(
                service, METHODID_READ)))
        .addMethod(
          getWriteMethod(),
          io.grpc.stub.ServerCalls.asyncClientStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WriteRequest,
              dev.agentsandbox.v1.WriteResponse>(
                service, METHODID_WRITE)))
        .addMethod(
          getRemoveMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RemoveRequest,
              dev.agentsandbox.v1.RemoveResponse>(
                service, METHODID_REMOVE)))
        .addMethod(
          getRenameMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RenameRequest,
              dev.agentsandbox.v1.RenameResponse>(
                service, METHODID_RENAME)))
        .addMethod(
          getMakeDirectoryMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.MakeDirectoryRequest,
              dev.agentsandbox.v1.MakeDirectoryResponse>(
                service, METHODID_MAKE_DIRECTORY)))
        .addMethod(
          getWatchMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WatchFilesRequest,
              dev.agentsandbox.v1.WatchFilesResponse>(
                service, METHODID_WATCH)))
        .build();
  }

  private static abstract class FileServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    FileServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.File.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("FileService");
    }
  }

  private static final class FileServiceFileDescriptorSupplier
      extends FileServiceBaseDescriptorSupplier {
    FileServiceFileDescriptorSupplier() {}
  }

  private static final class FileServiceMethodDescriptorSupplier
      extends FileServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    FileServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (FileServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new FileServiceFileDescriptorSupplier())
              .addMethod(getStatMethod())
              .addMethod(getListMethod())
              .addMethod(getReadMethod())
              .addMethod(getWriteMethod())
              .addMethod(getRemoveMethod())
              .addMethod(getRenameMethod())
              .addMethod(getMakeDirectoryMethod())
              .addMethod(getWatchMethod())
              .build();
        }
      }
    }
    return result;
  }
}
