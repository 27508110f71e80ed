package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class NodeServiceGrpc {

  private NodeServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.NodeService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetNodeRequest,
      dev.agentsandbox.v1.GetNodeResponse> getGetNodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetNode",
      requestType = dev.agentsandbox.v1.GetNodeRequest.class,
      responseType = dev.agentsandbox.v1.GetNodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetNodeRequest,
      dev.agentsandbox.v1.GetNodeResponse> getGetNodeMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetNodeRequest, dev.agentsandbox.v1.GetNodeResponse> getGetNodeMethod;
    if ((getGetNodeMethod = NodeServiceGrpc.getGetNodeMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getGetNodeMethod = NodeServiceGrpc.getGetNodeMethod) == null) {
          NodeServiceGrpc.getGetNodeMethod = getGetNodeMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.GetNodeRequest, dev.agentsandbox.v1.GetNodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetNode"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetNodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetNodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("GetNode"))
              .build();
        }
      }
    }
    return getGetNodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateSandboxRequest,
      dev.agentsandbox.v1.CreateSandboxResponse> getCreateSandboxMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateSandbox",
      requestType = dev.agentsandbox.v1.CreateSandboxRequest.class,
      responseType = dev.agentsandbox.v1.CreateSandboxResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateSandboxRequest,
      dev.agentsandbox.v1.CreateSandboxResponse> getCreateSandboxMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.CreateSandboxRequest, dev.agentsandbox.v1.CreateSandboxResponse> getCreateSandboxMethod;
    if ((getCreateSandboxMethod = NodeServiceGrpc.getCreateSandboxMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getCreateSandboxMethod = NodeServiceGrpc.getCreateSandboxMethod) == null) {
          NodeServiceGrpc.getCreateSandboxMethod = getCreateSandboxMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.CreateSandboxRequest, dev.agentsandbox.v1.CreateSandboxResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateSandbox"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.CreateSandboxRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.CreateSandboxResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("CreateSandbox"))
              .build();
        }
      }
    }
    return getCreateSandboxMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteSandboxRequest,
      dev.agentsandbox.v1.DeleteSandboxResponse> getDeleteSandboxMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteSandbox",
      requestType = dev.agentsandbox.v1.DeleteSandboxRequest.class,
      responseType = dev.agentsandbox.v1.DeleteSandboxResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteSandboxRequest,
      dev.agentsandbox.v1.DeleteSandboxResponse> getDeleteSandboxMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteSandboxRequest, dev.agentsandbox.v1.DeleteSandboxResponse> getDeleteSandboxMethod;
    if ((getDeleteSandboxMethod = NodeServiceGrpc.getDeleteSandboxMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getDeleteSandboxMethod = NodeServiceGrpc.getDeleteSandboxMethod) == null) {
          NodeServiceGrpc.getDeleteSandboxMethod = getDeleteSandboxMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.DeleteSandboxRequest, dev.agentsandbox.v1.DeleteSandboxResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteSandbox"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteSandboxRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteSandboxResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("DeleteSandbox"))
              .build();
        }
      }
    }
    return getDeleteSandboxMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListSandboxesRequest,
      dev.agentsandbox.v1.ListSandboxesResponse> getListSandboxesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListSandboxes",
      requestType = dev.agentsandbox.v1.ListSandboxesRequest.class,
      responseType = dev.agentsandbox.v1.ListSandboxesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListSandboxesRequest,
      dev.agentsandbox.v1.ListSandboxesResponse> getListSandboxesMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListSandboxesRequest, dev.agentsandbox.v1.ListSandboxesResponse> getListSandboxesMethod;
    if ((getListSandboxesMethod = NodeServiceGrpc.getListSandboxesMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getListSandboxesMethod = NodeServiceGrpc.getListSandboxesMethod) == null) {
          NodeServiceGrpc.getListSandboxesMethod = getListSandboxesMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListSandboxesRequest, dev.agentsandbox.v1.ListSandboxesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListSandboxes"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListSandboxesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListSandboxesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("ListSandboxes"))
              .build();
        }
      }
    }
    return getListSandboxesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchSandboxesRequest,
      dev.agentsandbox.v1.WatchSandboxesResponse> getWatchSandboxesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchSandboxes",
      requestType = dev.agentsandbox.v1.WatchSandboxesRequest.class,
      responseType = dev.agentsandbox.v1.WatchSandboxesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchSandboxesRequest,
      dev.agentsandbox.v1.WatchSandboxesResponse> getWatchSandboxesMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchSandboxesRequest, dev.agentsandbox.v1.WatchSandboxesResponse> getWatchSandboxesMethod;
    if ((getWatchSandboxesMethod = NodeServiceGrpc.getWatchSandboxesMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getWatchSandboxesMethod = NodeServiceGrpc.getWatchSandboxesMethod) == null) {
          NodeServiceGrpc.getWatchSandboxesMethod = getWatchSandboxesMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WatchSandboxesRequest, dev.agentsandbox.v1.WatchSandboxesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchSandboxes"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchSandboxesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchSandboxesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("WatchSandboxes"))
              .build();
        }
      }
    }
    return getWatchSandboxesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ImportImageRequest,
      dev.agentsandbox.v1.ImportImageResponse> getImportImageMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ImportImage",
      requestType = dev.agentsandbox.v1.ImportImageRequest.class,
      responseType = dev.agentsandbox.v1.ImportImageResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ImportImageRequest,
      dev.agentsandbox.v1.ImportImageResponse> getImportImageMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ImportImageRequest, dev.agentsandbox.v1.ImportImageResponse> getImportImageMethod;
    if ((getImportImageMethod = NodeServiceGrpc.getImportImageMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getImportImageMethod = NodeServiceGrpc.getImportImageMethod) == null) {
          NodeServiceGrpc.getImportImageMethod = getImportImageMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ImportImageRequest, dev.agentsandbox.v1.ImportImageResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ImportImage"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ImportImageRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ImportImageResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("ImportImage"))
              .build();
        }
      }
    }
    return getImportImageMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListImagesRequest,
      dev.agentsandbox.v1.ListImagesResponse> getListImagesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListImages",
      requestType = dev.agentsandbox.v1.ListImagesRequest.class,
      responseType = dev.agentsandbox.v1.ListImagesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListImagesRequest,
      dev.agentsandbox.v1.ListImagesResponse> getListImagesMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListImagesRequest, dev.agentsandbox.v1.ListImagesResponse> getListImagesMethod;
    if ((getListImagesMethod = NodeServiceGrpc.getListImagesMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getListImagesMethod = NodeServiceGrpc.getListImagesMethod) == null) {
          NodeServiceGrpc.getListImagesMethod = getListImagesMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListImagesRequest, dev.agentsandbox.v1.ListImagesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListImages"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListImagesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListImagesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("ListImages"))
              .build();
        }
      }
    }
    return getListImagesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveImageRequest,
      dev.agentsandbox.v1.RemoveImageResponse> getRemoveImageMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RemoveImage",
      requestType = dev.agentsandbox.v1.RemoveImageRequest.class,
      responseType = dev.agentsandbox.v1.RemoveImageResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveImageRequest,
      dev.agentsandbox.v1.RemoveImageResponse> getRemoveImageMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RemoveImageRequest, dev.agentsandbox.v1.RemoveImageResponse> getRemoveImageMethod;
    if ((getRemoveImageMethod = NodeServiceGrpc.getRemoveImageMethod) == null) {
      synchronized (NodeServiceGrpc.class) {
        if ((getRemoveImageMethod = NodeServiceGrpc.getRemoveImageMethod) == null) {
          NodeServiceGrpc.getRemoveImageMethod = getRemoveImageMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RemoveImageRequest, dev.agentsandbox.v1.RemoveImageResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RemoveImage"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RemoveImageRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RemoveImageResponse.getDefaultInstance()))
              .setSchemaDescriptor(new NodeServiceMethodDescriptorSupplier("RemoveImage"))
              .build();
        }
      }
    }
    return getRemoveImageMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static NodeServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NodeServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NodeServiceStub>() {
        @java.lang.Override
        public NodeServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NodeServiceStub(channel, callOptions);
        }
      };
    return NodeServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static NodeServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NodeServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NodeServiceBlockingV2Stub>() {
        @java.lang.Override
        public NodeServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NodeServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return NodeServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static NodeServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NodeServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NodeServiceBlockingStub>() {
        @java.lang.Override
        public NodeServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NodeServiceBlockingStub(channel, callOptions);
        }
      };
    return NodeServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static NodeServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<NodeServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<NodeServiceFutureStub>() {
        @java.lang.Override
        public NodeServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new NodeServiceFutureStub(channel, callOptions);
        }
      };
    return NodeServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * What this host can do: runtime classes, limits, versions.
     * </pre>
     */
    default void getNode(dev.agentsandbox.v1.GetNodeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetNodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetNodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
     * </pre>
     */
    default void createSandbox(dev.agentsandbox.v1.CreateSandboxRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateSandboxResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateSandboxMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends and removes it with all that belongs to it. Idempotent.
     * </pre>
     */
    default void deleteSandbox(dev.agentsandbox.v1.DeleteSandboxRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteSandboxResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteSandboxMethod(), responseObserver);
    }

    /**
     * <pre>
     * All instances, ended ones too until they are deleted.
     * </pre>
     */
    default void listSandboxes(dev.agentsandbox.v1.ListSandboxesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListSandboxesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListSandboxesMethod(), responseObserver);
    }

    /**
     * <pre>
     * All instances as they are, then "synced", then each change. Records of ended ones stay until DeleteSandbox.
     * </pre>
     */
    default void watchSandboxes(dev.agentsandbox.v1.WatchSandboxesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchSandboxesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchSandboxesMethod(), responseObserver);
    }

    /**
     * <pre>
     * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
     * UNAVAILABLE (RegistryUnreachable).
     * </pre>
     */
    default void importImage(dev.agentsandbox.v1.ImportImageRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ImportImageResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getImportImageMethod(), responseObserver);
    }

    /**
     * <pre>
     * All images of the store.
     * </pre>
     */
    default void listImages(dev.agentsandbox.v1.ListImagesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListImagesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListImagesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
     * </pre>
     */
    default void removeImage(dev.agentsandbox.v1.RemoveImageRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveImageResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRemoveImageMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service NodeService.
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public static abstract class NodeServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return NodeServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service NodeService.
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public static final class NodeServiceStub
      extends io.grpc.stub.AbstractAsyncStub<NodeServiceStub> {
    private NodeServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NodeServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NodeServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * What this host can do: runtime classes, limits, versions.
     * </pre>
     */
    public void getNode(dev.agentsandbox.v1.GetNodeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetNodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetNodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
     * </pre>
     */
    public void createSandbox(dev.agentsandbox.v1.CreateSandboxRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateSandboxResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateSandboxMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends and removes it with all that belongs to it. Idempotent.
     * </pre>
     */
    public void deleteSandbox(dev.agentsandbox.v1.DeleteSandboxRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteSandboxResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteSandboxMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * All instances, ended ones too until they are deleted.
     * </pre>
     */
    public void listSandboxes(dev.agentsandbox.v1.ListSandboxesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListSandboxesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListSandboxesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * All instances as they are, then "synced", then each change. Records of ended ones stay until DeleteSandbox.
     * </pre>
     */
    public void watchSandboxes(dev.agentsandbox.v1.WatchSandboxesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchSandboxesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchSandboxesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
     * UNAVAILABLE (RegistryUnreachable).
     * </pre>
     */
    public void importImage(dev.agentsandbox.v1.ImportImageRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ImportImageResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getImportImageMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * All images of the store.
     * </pre>
     */
    public void listImages(dev.agentsandbox.v1.ListImagesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListImagesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListImagesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
     * </pre>
     */
    public void removeImage(dev.agentsandbox.v1.RemoveImageRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveImageResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRemoveImageMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service NodeService.
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public static final class NodeServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<NodeServiceBlockingV2Stub> {
    private NodeServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NodeServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NodeServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * What this host can do: runtime classes, limits, versions.
     * </pre>
     */
    public dev.agentsandbox.v1.GetNodeResponse getNode(dev.agentsandbox.v1.GetNodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetNodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
     * </pre>
     */
    public dev.agentsandbox.v1.CreateSandboxResponse createSandbox(dev.agentsandbox.v1.CreateSandboxRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateSandboxMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends and removes it with all that belongs to it. Idempotent.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteSandboxResponse deleteSandbox(dev.agentsandbox.v1.DeleteSandboxRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteSandboxMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All instances, ended ones too until they are deleted.
     * </pre>
     */
    public dev.agentsandbox.v1.ListSandboxesResponse listSandboxes(dev.agentsandbox.v1.ListSandboxesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListSandboxesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All instances as they are, then "synced", then each change. Records of ended ones stay until DeleteSandbox.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.WatchSandboxesResponse>
        watchSandboxes(dev.agentsandbox.v1.WatchSandboxesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchSandboxesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
     * UNAVAILABLE (RegistryUnreachable).
     * </pre>
     */
    public dev.agentsandbox.v1.ImportImageResponse importImage(dev.agentsandbox.v1.ImportImageRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getImportImageMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All images of the store.
     * </pre>
     */
    public dev.agentsandbox.v1.ListImagesResponse listImages(dev.agentsandbox.v1.ListImagesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListImagesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
     * </pre>
     */
    public dev.agentsandbox.v1.RemoveImageResponse removeImage(dev.agentsandbox.v1.RemoveImageRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRemoveImageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service NodeService.
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public static final class NodeServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<NodeServiceBlockingStub> {
    private NodeServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NodeServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NodeServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * What this host can do: runtime classes, limits, versions.
     * </pre>
     */
    public dev.agentsandbox.v1.GetNodeResponse getNode(dev.agentsandbox.v1.GetNodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetNodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
     * </pre>
     */
    public dev.agentsandbox.v1.CreateSandboxResponse createSandbox(dev.agentsandbox.v1.CreateSandboxRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateSandboxMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends and removes it with all that belongs to it. Idempotent.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteSandboxResponse deleteSandbox(dev.agentsandbox.v1.DeleteSandboxRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteSandboxMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All instances, ended ones too until they are deleted.
     * </pre>
     */
    public dev.agentsandbox.v1.ListSandboxesResponse listSandboxes(dev.agentsandbox.v1.ListSandboxesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListSandboxesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All instances as they are, then "synced", then each change. Records of ended ones stay until DeleteSandbox.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.WatchSandboxesResponse> watchSandboxes(
        dev.agentsandbox.v1.WatchSandboxesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchSandboxesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
     * UNAVAILABLE (RegistryUnreachable).
     * </pre>
     */
    public dev.agentsandbox.v1.ImportImageResponse importImage(dev.agentsandbox.v1.ImportImageRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getImportImageMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All images of the store.
     * </pre>
     */
    public dev.agentsandbox.v1.ListImagesResponse listImages(dev.agentsandbox.v1.ListImagesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListImagesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
     * </pre>
     */
    public dev.agentsandbox.v1.RemoveImageResponse removeImage(dev.agentsandbox.v1.RemoveImageRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRemoveImageMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service NodeService.
   * <pre>
   * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
   * </pre>
   */
  public static final class NodeServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<NodeServiceFutureStub> {
    private NodeServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected NodeServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new NodeServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * What this host can do: runtime classes, limits, versions.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.GetNodeResponse> getNode(
        dev.agentsandbox.v1.GetNodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetNodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.CreateSandboxResponse> createSandbox(
        dev.agentsandbox.v1.CreateSandboxRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateSandboxMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends and removes it with all that belongs to it. Idempotent.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.DeleteSandboxResponse> deleteSandbox(
        dev.agentsandbox.v1.DeleteSandboxRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteSandboxMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * All instances, ended ones too until they are deleted.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ListSandboxesResponse> listSandboxes(
        dev.agentsandbox.v1.ListSandboxesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListSandboxesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
     * UNAVAILABLE (RegistryUnreachable).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ImportImageResponse> importImage(
        dev.agentsandbox.v1.ImportImageRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getImportImageMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * All images of the store.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ListImagesResponse> listImages(
        dev.agentsandbox.v1.ListImagesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListImagesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RemoveImageResponse> removeImage(
        dev.agentsandbox.v1.RemoveImageRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRemoveImageMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_NODE = 0;
  private static final int METHODID_CREATE_SANDBOX = 1;
  private static final int METHODID_DELETE_SANDBOX = 2;
  private static final int METHODID_LIST_SANDBOXES = 3;
  private static final int METHODID_WATCH_SANDBOXES = 4;
  private static final int METHODID_IMPORT_IMAGE = 5;
  private static final int METHODID_LIST_IMAGES = 6;
  private static final int METHODID_REMOVE_IMAGE = 7;

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
        case METHODID_GET_NODE:
          serviceImpl.getNode((dev.agentsandbox.v1.GetNodeRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetNodeResponse>) responseObserver);
          break;
        case METHODID_CREATE_SANDBOX:
          serviceImpl.createSandbox((dev.agentsandbox.v1.CreateSandboxRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.CreateSandboxResponse>) responseObserver);
          break;
        case METHODID_DELETE_SANDBOX:
          serviceImpl.deleteSandbox((dev.agentsandbox.v1.DeleteSandboxRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteSandboxResponse>) responseObserver);
          break;
        case METHODID_LIST_SANDBOXES:
          serviceImpl.listSandboxes((dev.agentsandbox.v1.ListSandboxesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListSandboxesResponse>) responseObserver);
          break;
        case METHODID_WATCH_SANDBOXES:
          serviceImpl.watchSandboxes((dev.agentsandbox.v1.WatchSandboxesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchSandboxesResponse>) responseObserver);
          break;
        case METHODID_IMPORT_IMAGE:
          serviceImpl.importImage((dev.agentsandbox.v1.ImportImageRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ImportImageResponse>) responseObserver);
          break;
        case METHODID_LIST_IMAGES:
          serviceImpl.listImages((dev.agentsandbox.v1.ListImagesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListImagesResponse>) responseObserver);
          break;
        case METHODID_REMOVE_IMAGE:
          serviceImpl.removeImage((dev.agentsandbox.v1.RemoveImageRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RemoveImageResponse>) responseObserver);
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
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getGetNodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.GetNodeRequest,
              dev.agentsandbox.v1.GetNodeResponse>(
                service, METHODID_GET_NODE)))
        .addMethod(
          getCreateSandboxMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.CreateSandboxRequest,
              dev.agentsandbox.v1.CreateSandboxResponse>(
                service, METHODID_CREATE_SANDBOX)))
        .addMethod(
          getDeleteSandboxMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.DeleteSandboxRequest,
              dev.agentsandbox.v1.DeleteSandboxResponse>(
                service, METHODID_DELETE_SANDBOX)))
        .addMethod(
          getListSandboxesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListSandboxesRequest,
              dev.agentsandbox.v1.ListSandboxesResponse>(
                service, METHODID_LIST_SANDBOXES)))
        .addMethod(
          getWatchSandboxesMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WatchSandboxesRequest,
              dev.agentsandbox.v1.WatchSandboxesResponse>(
                service, METHODID_WATCH_SANDBOXES)))
        .addMethod(
          getImportImageMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ImportImageRequest,
              dev.agentsandbox.v1.ImportImageResponse>(
                service, METHODID_IMPORT_IMAGE)))
        .addMethod(
          getListImagesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListImagesRequest,
              dev.agentsandbox.v1.ListImagesResponse>(
                service, METHODID_LIST_IMAGES)))
        .addMethod(
          getRemoveImageMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RemoveImageRequest,
              dev.agentsandbox.v1.RemoveImageResponse>(
                service, METHODID_REMOVE_IMAGE)))
        .build();
  }

  private static abstract class NodeServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    NodeServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.Node.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("NodeService");
    }
  }

  private static final class NodeServiceFileDescriptorSupplier
      extends NodeServiceBaseDescriptorSupplier {
    NodeServiceFileDescriptorSupplier() {}
  }

  private static final class NodeServiceMethodDescriptorSupplier
      extends NodeServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    NodeServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (NodeServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new NodeServiceFileDescriptorSupplier())
              .addMethod(getGetNodeMethod())
              .addMethod(getCreateSandboxMethod())
              .addMethod(getDeleteSandboxMethod())
              .addMethod(getListSandboxesMethod())
              .addMethod(getWatchSandboxesMethod())
              .addMethod(getImportImageMethod())
              .addMethod(getListImagesMethod())
              .addMethod(getRemoveImageMethod())
              .build();
        }
      }
    }
    return result;
  }
}
